import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { benchImages } from "./images.ts";
import { benchMatch } from "./match.ts";
import { benchOcr } from "./ocr.ts";
import { benchSearch } from "./search.ts";
import { benchTasks } from "./tasks.ts";
import { benchTurns } from "./turns.ts";

// `npm run bench [-- turns|tasks|match|search|ocr|images]`: prints the tables and writes them into docs/benchmarks.md.

const FILE = "docs/benchmarks.md";
const SECTIONS = {
  turns: { title: "Turns", run: benchTurns },
  tasks: { title: "Tasks: receive and status", run: benchTasks },
  match: { title: "Tasks: matching one message", run: benchMatch },
  search: { title: "Pictures: finding the original of a copy", run: benchSearch },
  ocr: { title: "Pictures: text or no text", run: benchOcr },
  images: { title: "Pictures: hostile and odd ones through the one door", run: benchImages },
};
type Section = keyof typeof SECTIONS;

const asked = process.argv.slice(2).filter((name): name is Section => name in SECTIONS);
const sections =
  asked.length > 0
    ? asked.includes("tasks")
      ? [...new Set([...asked, "match" as const])]
      : asked
    : (Object.keys(SECTIONS) as Section[]);
for (const name of sections) {
  const { title, run } = SECTIONS[name];
  const text = await run();
  const machine = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} shared cores (${cpus()[0]?.model.trim() ?? "?"}); medians of rounds in turn.`;
  console.log(`\n## ${title}\n\n${text}\n`);
  write(title, `${text}\n\n${machine}`);
}
process.exit(0);

/** Replaces one section and leaves the others. */
function write(title: string, text: string): void {
  const old = existsSync(FILE)
    ? readFileSync(FILE, "utf8")
    : "# Benchmarks\n\nWritten by `npm run bench`; the machine is noisy, trust the ratios.\n";
  const section = `\n## ${title}\n\n${text}\n`;
  const found = new RegExp(`\\n## ${title}\\n[\\s\\S]*?(?=\\n## |$)`, "u");
  writeFileSync(FILE, found.test(old) ? old.replace(found, () => section) : `${old.trimEnd()}\n${section}`);
}
