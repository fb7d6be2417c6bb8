import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { playbookLexiconSchema } from "/work/main/src/domain/understanding/playbook-schema.ts";
import { createUnderstanding } from "/work/main/src/domain/understanding/understand.ts";

const lex = playbookLexiconSchema.safeParse(parse(readFileSync("/work/main/config/playbook.yaml", "utf8")));
if (!lex.success) {
  for (const i of lex.error.issues) console.log(i.path.join("."), i.message.slice(0, 300));
  process.exit(1);
}
const u = createUnderstanding(lex.data);
const lines = readFileSync(process.argv[2] ?? "/work/main/evals/understanding/tuning.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((l) => JSON.parse(l));
let ok = 0,
  sok = 0;
for (const l of lines) {
  const r = u(l);
  const a = r.intent === l.expect.intent,
    b = [...r.services].sort().join() === [...l.expect.services].sort().join();
  if (a) ok++;
  if (b) sok++;
  if (!a || !b)
    console.log(
      l.id,
      JSON.stringify(l.text),
      l.has_image ? "IMG" : "",
      l.context ? JSON.stringify(l.context) : "",
      "\n   want",
      l.expect.intent,
      l.expect.services.join(),
      " got",
      r.intents
        .slice(0, 3)
        .map((x) => `${x.intent}:${x.score}:${x.span}`)
        .join(" | "),
      r.services.join(),
    );
}
console.log(ok / lines.length, sok / lines.length);
const t = performance.now();
for (let i = 0; i < 20; i++) for (const l of lines) u(l);
console.log("ms/msg", (performance.now() - t) / 20 / lines.length);
