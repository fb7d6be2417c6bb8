import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run handoffs -- list [--status queued] | take ID [--by 名字] | release ID   [--json]";

/** `npm run handoffs`: who waits for a person; take one over, give it back to the bot. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    status: { type: "string" },
    by: { type: "string" },
    json: { type: "boolean" },
  });
  const [verb = "list", id] = positionals;
  const { status, by = "operator", json = false } = values;
  const call = connectService();
  if (verb === "list") {
    const query = new URLSearchParams(status === undefined ? {} : { status });
    const { handoffs } = await call("GET", `/api/operations/handoffs?${query}`);
    const rows = (handoffs as Record<string, unknown>[]).map((handoff) => ({
      ...handoff,
      summary: (handoff.card as { summary: string }).summary,
      at: new Date(Number(handoff.created_at)).toISOString(),
    }));
    show(rows, ["id", "reason", "status", "customer_id", "taken_by", "at", "summary"], json);
  } else if ((verb === "take" || verb === "release") && id !== undefined) {
    const path = `/api/operations/handoffs/${encodeURIComponent(id)}/${verb}`;
    const { handoff } = await call("POST", path, { by });
    console.log(JSON.stringify(handoff));
  } else throw new AppError("usage", USAGE);
});
