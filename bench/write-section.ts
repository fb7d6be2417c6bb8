import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

const FILE = "docs/benchmarks.md";

/** Replaces one section of docs/benchmarks.md and leaves the others. */
export function writeSection(title: string, text: string): void {
  const old = existsSync(FILE)
    ? readFileSync(FILE, "utf8")
    : "# Benchmarks\n\nWritten by `npm run bench`; the machine is noisy, trust the ratios.\n";
  const section = `\n## ${title}\n\n${text}\n\n${machine()}\n`;
  const found = new RegExp(`\\n## ${title}\\n[\\s\\S]*?(?=\\n## |$)`, "u");
  writeFileSync(FILE, found.test(old) ? old.replace(found, () => section) : `${old.trimEnd()}\n${section}`);
}

function machine(): string {
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} shared cores (${cpus()[0]?.model.trim() ?? "?"}); medians of rounds in turn.`;
}
