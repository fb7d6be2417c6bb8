import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { indexedDocuments, ourSynonyms, questionsOf } from "../evals/helpdesk/question-sets.ts";
import { silentLog } from "../src/domain/log.ts";
import { createWordCutter, createWordTagger, withCharacters } from "../src/integrations/chinese-words.ts";
import { createEmbeddedKnowledge } from "../src/integrations/knowledge/embedded.ts";
import { indexDocument } from "../src/integrations/knowledge/index-document.ts";
import { openLibsqlStore } from "../src/store/store.ts";
import { median, quantile, table } from "./figures.ts";

const CHUNKS = 100_000;
const TOP = 5;
const SECTIONS_PER_DOCUMENT = 50;
const SENTENCES_PER_SECTION = 4;
const MICROSECONDS_PER_MS = 1_000;

/** A hundred thousand chunks: the eval's documents, and as many more as are needed, put together from their sentences and words. */
export async function benchKnowledge(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  try {
    const file = join(dir, "app.db");
    const { store } = await openLibsqlStore({ file, now: Date.now, random: Math.random, log: silentLog });
    const cut = withCharacters(createWordCutter());
    const documents = await indexedDocuments();
    for (const { document, chunks } of documents) await store.knowledge.putDocument(document, chunks, 0);
    const small = await searched(store);
    const begun = performance.now();
    const make = inventor(documents.map(({ text }) => text));
    for (let n = 0; (await store.knowledge.size()).chunks < CHUNKS; n += 1) {
      const bytes = new TextEncoder().encode(make());
      const { document, chunks } = await indexDocument({ id: `made/${n}.md`, bytes }, cut);
      await store.transaction((tx) => tx.knowledge.putDocument(document, chunks, 0));
    }
    const seconds = (performance.now() - begun) / 1_000;
    const large = await searched(store);
    const { chunks } = await store.knowledge.size();
    await store.close();
    return table(
      [
        "search of the embedded knowledge, libSQL",
        "median",
        "p95",
        "longest",
        "processor time, median",
        "p95",
        "the eval's documents in the first 5",
      ],
      [
        [`${documents.length} documents`, ...small],
        [`${chunks.toLocaleString("en")} chunks`, ...large],
        ["bar", "", "≤ 50 ms", "", "", "", ""],
        [
          `to import them: ${Math.round(seconds)} s; the file: ${Math.round(statSync(file).size / 1024 / 1024)} MB`,
          "",
          "",
          "",
          "",
          "",
          "",
        ],
      ],
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }

  async function searched(store: Awaited<ReturnType<typeof openLibsqlStore>>["store"]): Promise<string[]> {
    const synonyms = ourSynonyms();
    const knowledge = createEmbeddedKnowledge({
      store: store.knowledge,
      cut: withCharacters(createWordCutter()),
      tag: createWordTagger(),
      synonyms: () => synonyms,
    });
    const questions = [...questionsOf("tuning"), ...questionsOf("more")];
    await knowledge.search("打印机", TOP);
    const times: number[] = [];
    // On a machine that others use too, what the search itself takes.
    const busy: number[] = [];
    let found = 0;
    let answerable = 0;
    for (const { question, documents } of questions) {
      const begun = performance.now();
      const used = process.cpuUsage();
      const { chunks } = await knowledge.search(question, TOP);
      times.push(performance.now() - begun);
      const { user, system } = process.cpuUsage(used);
      busy.push((user + system) / MICROSECONDS_PER_MS);
      if (documents.length === 0) continue;
      answerable += 1;
      if (chunks.some(({ source }) => documents.includes(source.document_id))) found += 1;
    }
    return [
      ms(median(times)),
      ms(quantile(times, 0.95)),
      ms(Math.max(...times)),
      ms(median(busy)),
      ms(quantile(busy, 0.95)),
      `${found} of ${answerable}`,
    ];
  }
}

/** Documents of the same language that say nothing: sentences of others with their words changed about, by seed. */
function inventor(texts: readonly string[]): () => string {
  let state = 20_261_121;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const sentences = texts.flatMap((text) => text.split(/[。\n]/u)).filter((text) => text.length > 10);
  const parts = sentences.flatMap((text) => text.split(/[，、：；]/u)).filter((text) => text.length > 2);
  const pick = (from: readonly string[]) => from[random(from.length)] ?? "";
  return () => {
    const lines = [`# ${pick(parts)}${random(100_000)}`];
    for (let section = 0; section < SECTIONS_PER_DOCUMENT; section += 1) {
      lines.push(`## ${pick(parts)}`);
      const body: string[] = [];
      while (body.join("").length < 300 || body.length < SENTENCES_PER_SECTION)
        body.push(`${pick(parts)}，${pick(parts)}，编号 ${random(1_000_000)}。`);
      lines.push(body.join(""));
    }
    return lines.join("\n\n");
  };
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
