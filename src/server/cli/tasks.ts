import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run tasks -- list [--status pending] | show ID | cancel ID | dead | replay ID   [--json]";

/** `npm run tasks`: what 天网 has given, and work of any kind that was given up. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    status: { type: "string" },
    limit: { type: "string" },
    json: { type: "boolean" },
  });
  const [verb = "list", id] = positionals;
  const { status, limit = "50", json: asJson = false } = values;
  const call = connectService();
  if (verb === "list") {
    const query = new URLSearchParams({
      limit,
      ...(status === undefined ? {} : { status }),
    });
    const { tasks } = await call("GET", `/api/task/list?${query}`);
    const rows = (tasks as Record<string, unknown>[]).map((task) => ({
      ...task,
      customer: (task.customer as { id: string }).id,
      trigger: (task.trigger as { type: string }).type,
      action: (task.action as { type: string }).type,
    }));
    show(
      rows,
      [
        "task_id",
        "type",
        "status",
        "customer",
        "trigger",
        "action",
        "fired_count",
        "created_at",
        "error_message",
      ],
      asJson,
    );
  } else if (verb === "dead") {
    const { dead } = await call("GET", "/api/operations/dead-jobs");
    show(dead as Record<string, unknown>[], ["id", "kind", "attempts", "error", "payload"], asJson);
  } else if (verb === "show" && id !== undefined)
    console.log(JSON.stringify(await call("GET", `/api/task/status/${encodeURIComponent(id)}`), null, 2));
  else if (verb === "cancel" && id !== undefined)
    console.log(JSON.stringify(await call("POST", "/api/task/cancel", { task_id: id })));
  else if (verb === "replay" && id !== undefined)
    console.log(
      JSON.stringify(await call("POST", `/api/operations/dead-jobs/${encodeURIComponent(id)}/replay`, {})),
    );
  else throw new AppError("usage", USAGE);
});
