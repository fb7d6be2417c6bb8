import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { countCharacters } from "../../src/domain/orders/evidence.ts";

const run = promisify(execFile);
const PROGRAM = "tesseract";
const SURE = 80;
const POSSIBLE = 50;

/** Debian's tesseract with the simplified Chinese model, as a shop would use it from the shell. */
export function findTesseract(): { version: string } | { missing: string } {
  try {
    const version = execFileSync(PROGRAM, ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";
    const languages = execFileSync(PROGRAM, ["--list-langs"], { encoding: "utf8" });
    return /^chi_sim$/mu.test(languages) ? { version } : { missing: "installed without chi_sim" };
  } catch {
    return { missing: "not installed" };
  }
}

/** Characters in words of confidence 80 and more, and 50 and more. One thread, as our reader has on two cores. */
export async function readWithTesseract(path: string): Promise<{ lower: number; upper: number }> {
  const { stdout } = await run(PROGRAM, [path, "stdout", "-l", "chi_sim", "--psm", "11", "tsv"], {
    env: { ...process.env, OMP_THREAD_LIMIT: "1" },
    maxBuffer: 16 * 1024 * 1024,
    timeout: 60_000,
  });
  const counts = { lower: 0, upper: 0 };
  for (const line of stdout.split("\n").slice(1)) {
    const cells = line.split("\t");
    const confidence = Number(cells[10] ?? -1);
    const characters = countCharacters(cells[11] ?? "");
    if (confidence >= SURE) counts.lower += characters;
    if (confidence >= POSSIBLE) counts.upper += characters;
  }
  return counts;
}
