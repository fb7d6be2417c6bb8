import LibsqlDatabase from "libsql";
import { beforeAll, expect, it } from "vitest";
import type { KnowledgeBase } from "../../src/domain/knowledge/knowledge.ts";
import { silentLog } from "../../src/domain/log.ts";
import { createWordCutter, createWordTagger, withCharacters } from "../../src/integrations/chinese-words.ts";
import { createEmbeddedKnowledge } from "../../src/integrations/knowledge/embedded.ts";
import { openLibsqlStore } from "../../src/store/store.ts";
import { indexedDocuments, ourSynonyms, questionsOf } from "./question-sets.ts";

/** So many documents may stand before the one that answers. */
const TOP = 5;
const MOST_CHUNKS = 20;

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
  trigrams.exec("create virtual table docs using fts5(id unindexed, text, tokenize='trigram')");
  const put = trigrams.prepare("insert into docs (id, text) values (?, ?)");
  for (const { id, text, document, chunks } of await indexedDocuments()) {
    await store.knowledge.putDocument(document, chunks, 0);
    put.run([id, text]);
  }
  const synonyms = ourSynonyms();
  knowledge = createEmbeddedKnowledge({
    store: store.knowledge,
    cut: withCharacters(createWordCutter()),
    tag: createWordTagger(),
    synonyms: () => synonyms,
  });
});

// Of the held-out set test only totals are printed, so that nobody tunes on its single lines.
it.each([
  ["tuning", true, 0.9],
  ["test", false, 0.9],
  ["more", false, 0.8],
] as const)("finds what answers the questions of %s", async (set, mayShow, least) => {
  const lines = questionsOf(set);
  const ours: number[] = [];
  const plain: number[] = [];
  for (const { id, question, documents } of lines) {
    const { chunks } = await knowledge.search(question, MOST_CHUNKS);
    const found = [...new Set(chunks.map(({ source }) => source.document_id))];
    if (documents.length === 0) continue;
    ours.push(placeOf(documents, found));
    plain.push(placeOf(documents, byTrigrams(question)));
    if (mayShow && placeOf(documents, found) > TOP) process.stdout.write(`  missed ${id} ${question}\n`);
  }
  process.stdout.write(
    `${set}: recall@1 ${share(ours, 1)}, recall@5 ${share(ours, TOP)} of ${ours.length}; trigrams ${share(plain, 1)}, ${share(plain, TOP)}\n`,
  );

  expect(Number(share(ours, TOP))).toBeGreaterThanOrEqual(least);
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
