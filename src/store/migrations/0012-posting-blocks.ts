import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { CHUNKS_OF_BLOCK, entryOf } from "../../domain/knowledge/posting-block.ts";

type Before = {
  knowledge_postings: { word: string; chunk: number; times: number; length: number };
  knowledge_chunks: { seq: number; document_id: string };
};
type After = {
  knowledge_blocks: { word: string; block: number; chunks: number; entries: string };
  knowledge_vocabularies: { document_id: string; words: string };
};

const ROWS_AT_ONCE = 2_000;

/** Where words are as one row for a word and a block of chunks, instead of one for a word and a chunk. */
export function postingBlocks(): Migration {
  return {
    async up(untyped: Kysely<unknown>) {
      const db = untyped as Kysely<Before & After>;
      const { schema } = db;
      // chunks stands before entries: what only counts does not read them.
      await schema
        .createTable("knowledge_blocks")
        .addColumn("word", "text", (it) => it.notNull())
        .addColumn("block", "bigint", (it) => it.notNull())
        .addColumn("chunks", "integer", (it) => it.notNull())
        .addColumn("entries", "text", (it) => it.notNull())
        .addPrimaryKeyConstraint("knowledge_blocks_pk", ["word", "block"])
        .execute();
      // What a document takes along when it goes.
      await schema
        .createTable("knowledge_vocabularies")
        .addColumn("document_id", "text", (it) => it.primaryKey())
        .addColumn("words", "text", (it) => it.notNull())
        .execute();
      await moveBlocks(db);
      await moveVocabularies(db);
      for (const name of ["knowledge_postings", "knowledge_words"]) await schema.dropTable(name).execute();
    },
  };
}

async function moveBlocks(db: Kysely<Before & After>): Promise<void> {
  const last = await db
    .selectFrom("knowledge_chunks")
    .select((eb) => eb.fn.max("seq").as("seq"))
    .executeTakeFirst();
  const end = Number(last?.seq ?? 0);
  for (let first = 0; first <= end; first += CHUNKS_OF_BLOCK) {
    const postings = await db
      .selectFrom("knowledge_postings")
      .selectAll()
      .where("chunk", ">=", first)
      .where("chunk", "<", first + CHUNKS_OF_BLOCK)
      .execute();
    const entries = new Map<string, string[]>();
    for (const { word, chunk, times, length } of postings) {
      const known = entries.get(word);
      const entry = entryOf(Number(chunk), times, length);
      if (known === undefined) entries.set(word, [entry]);
      else known.push(entry);
    }
    const rows = [...entries].map(([word, some]) => ({
      word,
      block: first / CHUNKS_OF_BLOCK,
      chunks: some.length,
      entries: some.join(""),
    }));
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
      await db
        .insertInto("knowledge_blocks")
        .values(rows.slice(at, at + ROWS_AT_ONCE))
        .execute();
  }
}

async function moveVocabularies(db: Kysely<Before & After>): Promise<void> {
  const documents = await db.selectFrom("knowledge_chunks").select("document_id").distinct().execute();
  for (const { document_id } of documents) {
    const words = await db
      .selectFrom("knowledge_postings as p")
      .innerJoin("knowledge_chunks as c", "c.seq", "p.chunk")
      .select("p.word")
      .distinct()
      .where("c.document_id", "=", document_id)
      .execute();
    await db
      .insertInto("knowledge_vocabularies")
      .values({ document_id, words: JSON.stringify(words.map(({ word }) => word)) })
      .execute();
  }
}
