import { benchImages } from "./images.ts";
import { benchKnowledge } from "./knowledge.ts";
import { benchMatch } from "./match.ts";
import { benchMuch } from "./much.ts";
import { benchOcr } from "./ocr.ts";
import { benchReplicas } from "./replicas.ts";
import { benchSearch } from "./search.ts";
import { benchTasks } from "./tasks.ts";
import { benchTurns } from "./turns.ts";
import { benchWecom } from "./wecom.ts";
import { writeSection } from "./write-section.ts";

// `npm run bench [-- turns|replicas|much|tasks|match|search|ocr|images|knowledge|wecom]`: prints the tables and writes them into docs/benchmarks.md.

const SECTIONS = {
  turns: { title: "Turns", run: benchTurns },
  replicas: { title: "PostgreSQL and replicas", run: benchReplicas },
  much: { title: "Many time tasks, and a store of years", run: benchMuch },
  tasks: { title: "Tasks: receive and status", run: benchTasks },
  match: { title: "Tasks: matching one message", run: benchMatch },
  search: { title: "Pictures: finding the original of a copy", run: benchSearch },
  ocr: { title: "Pictures: text or no text", run: benchOcr },
  knowledge: { title: "Knowledge: finding a passage", run: benchKnowledge },
  wecom: { title: "企业微信 and the gateway: how soon", run: benchWecom },
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
  console.log(`\n## ${title}\n\n${text}\n`);
  writeSection(title, text);
}
process.exit(0);
