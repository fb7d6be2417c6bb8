import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { option, positionals } from "./settings.ts";

const USAGE =
  "用法: npm run orders -- list [--status review] | show ID | confirm ID [--by 名字] | reject ID [--reason 原因]   [--json]";

/** `npm run orders`: look at orders, and decide those that wait for a person. */
runCommand(async () => {
  const args = process.argv.slice(2);
  const [verb = "list", id] = positionals(args, ["status", "limit", "by", "reason"]);
  const call = connectService();
  const by = option(args, "by") ?? "operator";
  if (verb === "list") {
    const status = option(args, "status");
    const query = new URLSearchParams({
      limit: option(args, "limit") ?? "50",
      ...(status === undefined ? {} : { status }),
    });
    const { orders } = await call("GET", `/api/operations/orders?${query}`);
    const rows = (orders as Record<string, unknown>[]).map((order) => ({
      ...order,
      words: (order.demand as { words: string }).words,
      yuan: order.total_fen === null ? null : Number(order.total_fen) / 100,
    }));
    show(rows, ["id", "kind", "status", "yuan", "customer_id", "revision", "words"], args.includes("--json"));
  } else if (verb === "show" && id !== undefined)
    console.log(
      JSON.stringify(await call("GET", `/api/operations/orders/${encodeURIComponent(id)}`), null, 2),
    );
  else if ((verb === "confirm" || verb === "reject") && id !== undefined) {
    const { order } = await call("POST", `/api/operations/orders/${encodeURIComponent(id)}/${verb}`, {
      by,
      ...(option(args, "reason") === undefined ? {} : { reason: option(args, "reason") }),
    });
    console.log(JSON.stringify(order));
  } else throw new AppError("usage", USAGE);
});
