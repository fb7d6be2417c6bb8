import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./scenario.ts";

const OFFICE_DAYS = ["1", "2", "3", "4", "5"];

/** The shop's own settings, but for what the world changes in a copy. */
export function configOf(world: World, { configDir, dir }: { configDir: string; dir: string }): string {
  if (!world.office_hours && !world.require_payment) return configDir;
  const copy = join(dir, "config");
  cpSync(configDir, copy, { recursive: true });
  if (world.require_payment)
    replaceIn(join(copy, "pricing.yaml"), /^require_payment: false$/mu, "require_payment: true");
  if (world.office_hours)
    replaceIn(join(copy, "replies.yaml"), /^ {4}"(\d)": .*$/gmu, (_line, day: string) =>
      OFFICE_DAYS.includes(day) ? `    "${day}": [["09:00", "18:00"]]` : `    "${day}": []`,
    );
  return copy;
}

function replaceIn(path: string, from: RegExp, to: string | ((...match: string[]) => string)): void {
  const before = readFileSync(path, "utf8");
  const after = typeof to === "string" ? before.replace(from, to) : before.replace(from, to);
  if (after === before) throw new Error(`${path} does not say ${from} any more`);
  writeFileSync(path, after);
}
