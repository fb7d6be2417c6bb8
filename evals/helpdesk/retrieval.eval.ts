import { readdirSync, readFileSync } from "node:fs";
import LibsqlDatabase from "libsql";
import { beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { KnowledgeBase } from "../../src/domain/knowledge/knowledge.ts";
import { silentLog } from "../../src/domain/log.ts";
import { createWordCutter, createWordTagger, withCharacters } from "../../src/integrations/chinese-words.ts";
import { createEmbeddedKnowledge } from "../../src/integrations/knowledge/embedded.ts";
import { indexDocument } from "../../src/integrations/knowledge/index-document.ts";
import { createSynonyms, synonymsSchema } from "../../src/integrations/knowledge/synonyms.ts";
import { openLibsqlStore } from "../../src/store/store.ts";

/** So many documents may stand before the one that answers. */
const TOP = 5;
const MOST_CHUNKS = 20;

const lineSchema = z.object({ id: z.string(), question: z.string(), documents: z.array(z.string()) });
const here = (path: string) => new URL(path, import.meta.url);
const linesOf = (set: string) =>
  readFileSync(here(`./questions-${set}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => lineSchema.parse(JSON.parse(line)));

let knowledge: KnowledgeBase;
/** The plain way beside ours: FTS5's trigrams over whole documents, any of the question's trigrams. */
const trigrams = new LibsqlDatabase(":memory:");

beforeAll(async () => {
  const { store } = await openLibsqlStore({
    file: ":memory:",
    now: Date.now,
    random: Math.random,
    log: silentLog,
  });
  const cut = withCharacters(createWordCutter());
  trigrams.exec("create virtual table docs using fts5(id unindexed, text, tokenize='trigram')");
  const put = trigrams.prepare("insert into docs (id, text) values (?, ?)");
  const names = readdirSync(here("./documents")).sort();
  for (const [id, path] of [
    ...names.map((name) => [name, `./documents/${name}`]),
    ["qa.jsonl", "./qa.jsonl"],
  ]) {
    if (id === undefined || path === undefined) continue;
    const bytes = readFileSync(here(path));
    const { document, chunks } = await indexDocument({ id, bytes }, cut);
    await store.knowledge.putDocument(document, chunks, 0);
    put.run([id, bytes.toString("utf8")]);
  }
  const synonyms = createSynonyms(
    synonymsSchema.parse(parse(readFileSync(here("../../config/synonyms.yaml"), "utf8"))),
  );
  knowledge = createEmbeddedKnowledge({
    store: store.knowledge,
    cut,
    tag: createWordTagger(),
    synonyms: () => synonyms,
  });
});

// Of the held-out set test only totals are printed, so that nobody tunes on its single lines.
it.each([
  ["tuning", true],
  ["test", false],
])("finds what answers the questions of %s", async (set, mayShow) => {
  const lines = linesOf(set);
  const ours: number[] = [];
  const plain: number[] = [];
  let refused = 0;
  for (const { id, question, documents } of lines) {
    const { chunks } = await knowledge.search(question, MOST_CHUNKS);
    const found = [...new Set(chunks.map(({ source }) => source.document_id))];
    if (documents.length === 0) {
      if (found.length === 0) refused += 1;
      else if (mayShow) process.stdout.write(`  answered ${id} ${question}: ${found[0]}\n`);
      continue;
    }
    ours.push(placeOf(documents, found));
    plain.push(placeOf(documents, byTrigrams(question)));
    if (mayShow && placeOf(documents, found) > TOP) process.stdout.write(`  missed ${id} ${question}\n`);
  }
  const unanswerable = lines.length - ours.length;
  process.stdout.write(
    `${set}: recall@1 ${share(ours, 1)}, recall@5 ${share(ours, TOP)} of ${ours.length}; trigrams ${share(plain, 1)}, ${share(plain, TOP)}; ` +
      `nothing found for ${refused} of ${unanswerable} that nothing answers\n`,
  );

  expect(Number(share(ours, TOP))).toBeGreaterThanOrEqual(0.9);
  expect(Number(share(ours, TOP))).toBeGreaterThan(Number(share(plain, TOP)));
});

function byTrigrams(question: string): string[] {
  const characters = [...question.replace(/[^\p{L}\p{N}]/gu, "")];
  const parts = characters.slice(2).map((_last, at) => `"${characters.slice(at, at + 3).join("")}"`);
  if (parts.length === 0) return [];
  const rows = trigrams
    .prepare("select id from docs where docs match ? order by bm25(docs) limit 20")
    .all([parts.join(" OR ")]) as { id: string }[];
  return rows.map(({ id }) => id);
}

/** From 1; far behind everything when it is not there. */
function placeOf(wanted: readonly string[], found: readonly string[]): number {
  const at = found.findIndex((id) => wanted.includes(id));
  return at < 0 ? Number.POSITIVE_INFINITY : at + 1;
}

function share(places: readonly number[], within: number): string {
  return (places.filter((place) => place <= within).length / places.length).toFixed(3);
}
