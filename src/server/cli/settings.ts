import { resolve } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { AppError, errorText } from "../../domain/errors.ts";
import { silentLog } from "../../domain/log.ts";
import type { Env } from "../../env.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { openShopConfig, type ShopConfig } from "../shop-config.ts";

/** What a command that looks before it leaps needs: the settings and the shop's files, and no store. */
export function readSettings(): { root: string; env: Env; config: ShopConfig } {
  const root = projectRoot();
  const env = loadEnv(root);
  return {
    root,
    env,
    config: openShopConfig({
      dir: resolve(root, env.CONFIG_DIR),
      timezone: env.TZ_BUSINESS,
      now: Date.now,
      log: silentLog,
    }),
  };
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * What a command was told. `--help` prints the usage and ends; an option that does not exist or lacks its value ends
 * the command, since a wish that is not understood must not be half carried out.
 *
 * @throws AppError("usage")
 */
export function readArguments<Given extends Options>(usage: string, options: Given) {
  const args = process.argv.slice(2);
  // After a bare "--" everything is a name, also of a file that is called -h.
  const end = args.indexOf("--");
  const asked = end === -1 ? args : args.slice(0, end);
  if (asked.includes("--help") || asked.includes("-h")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const why = errorText(error).split("\n")[0] ?? "";
    throw new AppError("usage", `${why}\n${usage}`);
  }
}
