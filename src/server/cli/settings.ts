import { resolve } from "node:path";
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
    config: openShopConfig({ dir: resolve(root, env.CONFIG_DIR), now: Date.now, log: silentLog }),
  };
}

/** The value behind `--name`, or undefined. */
export function option(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
}

/** What is neither an option nor an option's value. */
export function positionals(args: readonly string[], options: readonly string[] = []): string[] {
  const found: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (options.includes(arg.replace(/^--/u, "")) && arg.startsWith("--")) at += 1;
    else if (!arg.startsWith("--")) found.push(arg);
  }
  return found;
}
