import { type Kysely, sql } from "kysely";
import { z } from "zod";
import type { KnowledgeStore, NewChunk } from "../domain/knowledge/ports.ts";
import {
  blockOf,
  CHUNKS_OF_BLOCK,
  countOf,
  entryOf,
  withoutChunks,
} from "../domain/knowledge/posting-block.ts";
import { alone, inTransaction } from "./held.ts";
import type { Database } from "./schema.ts";
import { storedChunks, toStoredChunk } from "./stored-chunks.ts";
import { removeVectors } from "./vector-store.ts";

/** SQLite takes 32,766 values in a statement, PostgreSQL 65,535. */
const ROWS_AT_ONCE = 2_000;

/** Who changes documents does so alone: they all write the rows of common words. Who searches waits for nobody. */
export function createKnowledgeStore(db: Kysely<Database>): KnowledgeStore {
  return {
    async putDocument({ id, title, url, kind, hash }, chunks, now) {
      return await inTransaction(db, async (tx) => {
        await alone(tx, "knowledge_blocks");
        const before = await tx
          .selectFrom("knowledge_documents")
          .selectAll()
          .where("id", "=", id)
          .executeTakeFirst();
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
        await alone(tx, "knowledge_blocks");
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
      const rows = await db
        .selectFrom("knowledge_blocks")
        .select((eb) => ["word", eb.fn.sum("chunks").as("chunks")])
        .where("word", "in", words)
        .groupBy("word")
        .execute();
      const known = new Map(rows.map((row) => [row.word, Number(row.chunks)]));
      return new Map(words.map((word) => [word, known.get(word) ?? 0]));
    },

    async postings(words) {
      if (words.length === 0) return [];
      return await db
        .selectFrom("knowledge_blocks")
        .select(["word", "block", "entries"])
        .where("word", "in", words)
        .execute();
    },

    async chunks(seqs) {
      if (seqs.length === 0) return [];
      const rows = await storedChunks(db).where("c.seq", "in", seqs).execute();
      return rows.map(toStoredChunk);
    },
  };
}

async function addChunks(tx: Kysely<Database>, document: string, chunks: readonly NewChunk[]): Promise<void> {
  const words = new Map<string, Map<number, string>>();
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
      for (const [word, times] of chunk.words) {
        const blocks = words.get(word) ?? new Map<number, string>();
        const block = blockOf(seq);
        words.set(word, blocks.set(block, `${blocks.get(block) ?? ""}${entryOf(seq, times, length)}`));
      }
    }
  }
  await tx
    .insertInto("knowledge_vocabularies")
    .values({ document_id: document, words: JSON.stringify([...words.keys()]) })
    .execute();
  const rows = [...words].flatMap(([word, blocks]) =>
    [...blocks].map(([block, entries]) => ({ word, block, chunks: countOf(entries), entries })),
  );
  for (const batch of batches(rows))
    await tx
      .insertInto("knowledge_blocks")
      .values(batch)
      .onConflict((conflict) =>
        conflict.columns(["word", "block"]).doUpdateSet({
          chunks: sql<number>`knowledge_blocks.chunks + excluded.chunks`,
          entries: sql<string>`knowledge_blocks.entries || excluded.entries`,
        }),
      )
      .execute();
}

async function removeChunks(tx: Kysely<Database>, document: string): Promise<void> {
  await removeVectors(tx, document);
  const chunks = await tx
    .deleteFrom("knowledge_chunks")
    .where("document_id", "=", document)
    .returning("seq")
    .execute();
  const vocabulary = await tx
    .deleteFrom("knowledge_vocabularies")
    .where("document_id", "=", document)
    .returning("words")
    .executeTakeFirst();
  const gone = new Map<number, Set<number>>();
  for (const { seq } of chunks) {
    const places = gone.get(blockOf(seq)) ?? new Set<number>();
    gone.set(blockOf(seq), places.add(seq % CHUNKS_OF_BLOCK));
  }
  const words = z.array(z.string()).parse(JSON.parse(vocabulary?.words ?? "[]"));
  for (const [block, places] of gone)
    for (const batch of batches(words)) await removeEntries(tx, batch, block, places);
}

async function removeEntries(
  tx: Kysely<Database>,
  words: readonly string[],
  block: number,
  places: ReadonlySet<number>,
): Promise<void> {
  const before = await tx
    .selectFrom("knowledge_blocks")
    .select(["word", "entries"])
    .where("block", "=", block)
    .where("word", "in", words)
    .execute();
  const rows = before.map(({ word, entries }) => {
    const kept = withoutChunks(entries, places);
    return { word, block, chunks: countOf(kept), entries: kept };
  });
  const empty = rows.filter(({ chunks }) => chunks === 0).map(({ word }) => word);
  const left = rows.filter(({ chunks }) => chunks > 0);
  if (empty.length > 0)
    await tx.deleteFrom("knowledge_blocks").where("block", "=", block).where("word", "in", empty).execute();
  if (left.length > 0)
    await tx
      .insertInto("knowledge_blocks")
      .values(left)
      .onConflict((conflict) =>
        conflict.columns(["word", "block"]).doUpdateSet({
          chunks: sql<number>`excluded.chunks`,
          entries: sql<string>`excluded.entries`,
        }),
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
