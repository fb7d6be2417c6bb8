import { type Kysely, sql } from "kysely";
import type { KnowledgeStore, NewChunk } from "../domain/knowledge/ports.ts";
import { held, inTransaction } from "./held.ts";
import type { Database } from "./schema.ts";

/** SQLite takes 32,766 values in a statement, PostgreSQL 65,535. */
const ROWS_AT_ONCE = 2_000;

export function createKnowledgeStore(db: Kysely<Database>): KnowledgeStore {
  return {
    async putDocument({ id, title, url, kind, hash }, chunks, now) {
      return await inTransaction(db, async (tx) => {
        const before = await held(
          tx,
          tx.selectFrom("knowledge_documents").selectAll().where("id", "=", id),
        ).executeTakeFirst();
        if (before?.hash === hash && before.title === title && before.url === url) return "unchanged";
        if (before !== undefined) await removeChunks(tx, id);
        const row = {
          title,
          url,
          kind,
          hash,
          version: (before?.version ?? 0) + 1,
          chunks: chunks.length,
          words: chunks.reduce((sum, chunk) => sum + lengthOf(chunk), 0),
          updated_at: now,
        };
        await tx
          .insertInto("knowledge_documents")
          .values({ id, ...row })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
          .execute();
        await addChunks(tx, id, chunks);
        return before === undefined ? "added" : "replaced";
      });
    },

    async removeDocument(id) {
      return await inTransaction(db, async (tx) => {
        const { numDeletedRows } = await tx
          .deleteFrom("knowledge_documents")
          .where("id", "=", id)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return false;
        await removeChunks(tx, id);
        return true;
      });
    },

    async documents() {
      const rows = await db.selectFrom("knowledge_documents").selectAll().orderBy("id").execute();
      return rows.map(({ words: _words, ...document }) => document);
    },

    async size() {
      const row = await db
        .selectFrom("knowledge_documents")
        .select((eb) => [eb.fn.sum("chunks").as("chunks"), eb.fn.sum("words").as("words")])
        .executeTakeFirst();
      const chunks = Number(row?.chunks ?? 0);
      return { chunks, usualLength: chunks === 0 ? 1 : Number(row?.words ?? 0) / chunks };
    },

    async frequencies(words) {
      if (words.length === 0) return new Map();
      const rows = await db.selectFrom("knowledge_words").selectAll().where("word", "in", words).execute();
      const known = new Map(rows.map((row) => [row.word, Number(row.chunks)]));
      return new Map(words.map((word) => [word, known.get(word) ?? 0]));
    },

    async postings(words, within) {
      if (words.length === 0 || within?.length === 0) return [];
      let query = db.selectFrom("knowledge_postings").selectAll().where("word", "in", words);
      if (within !== undefined) query = query.where("chunk", "in", within);
      return await query.execute();
    },

    async chunks(seqs) {
      if (seqs.length === 0) return [];
      const rows = await db
        .selectFrom("knowledge_chunks as c")
        .innerJoin("knowledge_documents as d", "d.id", "c.document_id")
        .select(["c.seq", "c.document_id", "c.position", "c.heading", "c.text", "c.question"])
        .select(["d.title", "d.url", "d.kind"])
        .where("c.seq", "in", seqs)
        .execute();
      return rows.map(({ seq, document_id, position, heading, text, question, ...document }) => ({
        id: `${document_id}#${position}`,
        seq,
        heading,
        text,
        question,
        document: { id: document_id, ...document },
      }));
    },
  };
}

async function addChunks(tx: Kysely<Database>, document: string, chunks: readonly NewChunk[]): Promise<void> {
  const postings: { word: string; chunk: number; times: number; length: number }[] = [];
  for (const batch of batches(chunks.map((chunk, position) => ({ chunk, position })))) {
    const rows = await tx
      .insertInto("knowledge_chunks")
      .values(
        batch.map(({ chunk: { heading, text, question }, position }) => ({
          document_id: document,
          position,
          heading,
          text,
          question,
        })),
      )
      .returning(["seq", "position"])
      .execute();
    for (const { seq, position } of rows) {
      const chunk = chunks[position];
      if (chunk === undefined) continue;
      const length = lengthOf(chunk);
      for (const [word, times] of chunk.words) postings.push({ word, chunk: seq, times, length });
    }
  }
  for (const batch of batches(postings)) await tx.insertInto("knowledge_postings").values(batch).execute();
  await count(tx, wordsIn(postings), 1);
}

async function removeChunks(tx: Kysely<Database>, document: string): Promise<void> {
  const seqs = tx.selectFrom("knowledge_chunks").select("seq").where("document_id", "=", document);
  const gone = await tx
    .deleteFrom("knowledge_postings")
    .where("chunk", "in", seqs)
    .returning("word")
    .execute();
  await tx.deleteFrom("knowledge_chunks").where("document_id", "=", document).execute();
  await count(tx, wordsIn(gone), -1);
}

/** How many chunks of these postings hold each word, by word: whoever counts the same words counts them in one order. */
function wordsIn(postings: readonly { word: string }[]): [string, number][] {
  const times = new Map<string, number>();
  for (const { word } of postings) times.set(word, (times.get(word) ?? 0) + 1);
  return [...times].sort(([one], [other]) => (one < other ? -1 : 1));
}

async function count(tx: Kysely<Database>, words: [string, number][], sign: 1 | -1): Promise<void> {
  for (const batch of batches(words))
    await tx
      .insertInto("knowledge_words")
      .values(batch.map(([word, chunks]) => ({ word, chunks: sign * chunks })))
      .onConflict((conflict) =>
        conflict
          .column("word")
          .doUpdateSet({ chunks: sql<number>`knowledge_words.chunks + excluded.chunks` }),
      )
      .execute();
}

function lengthOf({ words }: NewChunk): number {
  let length = 0;
  for (const times of words.values()) length += times;
  return length;
}

function batches<Value>(values: readonly Value[]): Value[][] {
  const found: Value[][] = [];
  for (let at = 0; at < values.length; at += ROWS_AT_ONCE) found.push(values.slice(at, at + ROWS_AT_ONCE));
  return found;
}
