import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * The folder of the project: relative settings start there, also when Studio runs a bundle of us from a folder of
 * its own.
 */
export function projectRoot(from: string = process.cwd()): string {
  for (let dir = resolve(from); ; dir = dirname(dir)) {
    const file = join(dir, "package.json");
    if (
      existsSync(file) &&
      (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "tianwang-cs"
    )
      return dir;
    if (dirname(dir) === dir) return resolve(from);
  }
}
