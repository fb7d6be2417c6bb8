import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { errorText } from "../domain/errors.ts";
import { banner } from "./banner.ts";
import { createLogger } from "./logger.ts";
import { loadEnv } from "./process-env.ts";
import { projectRoot } from "./project-root.ts";
import { startService } from "./start.ts";

const USAGE = "npm start [-- --no-agent]   --no-agent: the rules answer, whatever model is configured";

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { "no-agent": { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const root = projectRoot();
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
  const env = loadEnv(root);
  const log = createLogger(env.LOG_LEVEL);
  const running = await startService(env, {
    root,
    version,
    log,
    rulesOnly: values["no-agent"] === true,
  });
  process.stdout.write(banner(running));

  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info("service.stopping", { signal });
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error("service.stop_failed", { error: errorText(error) });
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", () => stop("SIGTERM"));
  process.once("SIGINT", () => stop("SIGINT"));
}

main().catch((error: unknown) => {
  process.stderr.write(`tianwang-cs did not start: ${errorText(error)}\n`);
  process.exit(1);
});
