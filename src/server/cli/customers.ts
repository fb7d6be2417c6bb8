import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE =
  "用法: npm run customers -- list | block ID --platform 平台 [--by 名字] | unblock ID --platform 平台 [--by 名字]   [--json]";

/** `npm run customers`: the black list. A blocked customer's demands are refused; whatever is open goes on. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    platform: { type: "string" },
    by: { type: "string" },
    json: { type: "boolean" },
  });
  const [verb = "list", id] = positionals;
  const { platform, by = "operator", json = false } = values;
  const call = connectService();
  if (verb === "list") {
    const { customers } = await call("GET", "/api/operations/customers/blacklisted");
    show(customers as Record<string, unknown>[], ["id", "platform", "name"], json);
  } else if ((verb === "block" || verb === "unblock") && id !== undefined && platform !== undefined) {
    const { customer } = await call("POST", `/api/operations/customers/${encodeURIComponent(id)}/blacklist`, {
      platform,
      blacklisted: verb === "block",
      by,
    });
    console.log(JSON.stringify(customer));
  } else throw new AppError("usage", USAGE);
});
