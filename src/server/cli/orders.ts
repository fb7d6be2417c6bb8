import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run orders -- list [--status review] | show ID | confirm ID [--by 名字] | paid ID [--by 名字] | reject ID [--reason 原因]   [--json]";

/** `npm run orders`: look at orders, decide those that wait for a person, note that one is paid. */
runCommand(async () => {
  const text = { type: "string" } as const;
  const { values, positionals } = readArguments(USAGE, {
    status: text,
    limit: text,
    by: text,
    reason: text,
    json: { type: "boolean" },
  });
  const [verb = "list", id] = positionals;
  const { status, limit = "50", by = "operator", reason, json = false } = values;
  const call = connectService();
  if (verb === "list") {
    const query = new URLSearchParams({
      limit,
      ...(status === undefined ? {} : { status }),
    });
    const { orders } = await call("GET", `/api/operations/orders?${query}`);
    const rows = (orders as Record<string, unknown>[]).map((order) => ({
      ...order,
      words: (order.demand as { words: string }).words,
      yuan: order.total_fen === null ? null : Number(order.total_fen) / 100,
    }));
    show(rows, ["id", "kind", "status", "yuan", "customer_id", "revision", "words"], json);
  } else if (verb === "show" && id !== undefined)
    console.log(
      JSON.stringify(await call("GET", `/api/operations/orders/${encodeURIComponent(id)}`), null, 2),
    );
  else if ((verb === "confirm" || verb === "paid" || verb === "reject") && id !== undefined) {
    const { order } = await call("POST", `/api/operations/orders/${encodeURIComponent(id)}/${verb}`, {
      by,
      ...(reason === undefined ? {} : { reason }),
    });
    console.log(JSON.stringify(order));
  } else throw new AppError("usage", USAGE);
});
