import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run tickets -- list [--status open] | show ID | take ID | resolve ID | close ID | reopen ID   [--note 说明] [--by 名字] [--json]";
const MOVES: Readonly<Record<string, string>> = {
  take: "in_progress",
  resolve: "resolved",
  close: "closed",
  reopen: "open",
};

/** `npm run tickets`: the IT desk's tickets. Whoever opened one is told when it moves. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    status: { type: "string" },
    note: { type: "string" },
    by: { type: "string" },
    json: { type: "boolean" },
  });
  const [verb = "list", id] = positionals;
  const { status, note, by = "operator", json = false } = values;
  const call = connectService();
  const move = MOVES[verb];
  if (verb === "list") {
    const query = new URLSearchParams(status === undefined ? {} : { status });
    const { tickets } = await call("GET", `/api/operations/tickets?${query}`);
    const rows = (tickets as Record<string, unknown>[]).map((ticket) => ({
      ...ticket,
      at: new Date(Number(ticket.created_at)).toISOString(),
    }));
    show(rows, ["id", "status", "priority", "customer_id", "changed_by", "at", "title"], json);
  } else if (verb === "show" && id !== undefined) {
    const { ticket } = await call("GET", `/api/operations/tickets/${encodeURIComponent(id)}`);
    console.log(JSON.stringify(ticket));
  } else if (move !== undefined && id !== undefined) {
    const path = `/api/operations/tickets/${encodeURIComponent(id)}/status`;
    const { ticket } = await call("POST", path, {
      status: move,
      by,
      ...(note === undefined ? {} : { note }),
    });
    console.log(JSON.stringify(ticket));
  } else throw new AppError("usage", USAGE);
});
