import { type Kysely, sql } from "kysely";
import type { VectorKind, VectorStore } from "../domain/knowledge/ports.ts";
import { alone, inTransaction } from "./held.ts";
import type { Database } from "./schema.ts";
import { storedChunks, toStoredChunk } from "./stored-chunks.ts";

const CHANGES_AT_ONCE = 500;

/** Changed as documents are, alone: a reader goes on from the highest change it has seen, so they commit in order. */
export function createVectorStore(db: Kysely<Database>): VectorStore {
  return {
    async missing({ model, dimension }, { after, most }) {
      const rows = await storedChunks(db)
        .leftJoin("knowledge_vectors as v", (join) =>
          join.onRef("v.chunk", "=", "c.seq").on("v.model", "=", model).on("v.dimension", "=", dimension),
        )
        .where("v.chunk", "is", null)
        .where("c.seq", ">", after)
        .orderBy("c.seq")
        .limit(most)
        .execute();
      return rows.map(toStoredChunk);
    },

    async countMissing({ model, dimension }) {
      const row = await db
        .selectFrom("knowledge_chunks as c")
        .leftJoin("knowledge_vectors as v", (join) => {
          const ofModel = join.onRef("v.chunk", "=", "c.seq").on("v.model", "=", model);
          return dimension === null ? ofModel : ofModel.on("v.dimension", "=", dimension);
        })
        .select((eb) => eb.fn.countAll().as("chunks"))
        .where("v.chunk", "is", null)
        .executeTakeFirst();
      return Number(row?.chunks ?? 0);
    },

    async put({ model, dimension }, vectors) {
      if (vectors.length === 0) return;
      await inTransaction(db, async (tx) => {
        await alone(tx, "knowledge_blocks");
        const chunks = await tx
          .selectFrom("knowledge_chunks")
          .select(["seq", "document_id"])
          .where(
            "seq",
            "in",
            vectors.map(({ chunk }) => chunk),
          )
          .execute();
        const there = new Set(chunks.map(({ seq }) => seq));
        const rows = vectors
          .filter(({ chunk }) => there.has(chunk))
          .map(({ chunk, bytes }) => ({ chunk, model, dimension, vector: Buffer.from(bytes) }));
        if (rows.length === 0) return;
        await tx
          .insertInto("knowledge_vectors")
          .values(rows)
          .onConflict((conflict) =>
            conflict.column("chunk").doUpdateSet({
              model,
              dimension,
              vector: sql<Uint8Array>`excluded.vector`,
            }),
          )
          .execute();
        await noteChanges(tx, new Set(chunks.map(({ document_id }) => document_id)));
      });
    },

    async lastChange() {
      const row = await db
        .selectFrom("knowledge_vector_changes")
        .select((eb) => eb.fn.max("seq").as("seq"))
        .executeTakeFirst();
      return Number(row?.seq ?? 0);
    },

    async changesSince(seq) {
      const changes = await db
        .selectFrom("knowledge_vector_changes")
        .selectAll()
        .where("seq", ">", seq)
        .orderBy("seq")
        .limit(CHANGES_AT_ONCE)
        .execute();
      return {
        seq: changes.at(-1)?.seq ?? seq,
        documents: [...new Set(changes.map(({ document_id }) => document_id))],
      };
    },

    async ofDocuments(kind, documents) {
      if (documents.length === 0) return [];
      const rows = await vectorsOf(db, kind).where("c.document_id", "in", documents).execute();
      return rows.map(toVector);
    },

    async all(kind, { after, most }) {
      const rows = await vectorsOf(db, kind)
        .where("v.chunk", ">", after)
        .orderBy("v.chunk")
        .limit(most)
        .execute();
      return rows.map(toVector);
    },
  };
}

/** What a document has goes with it; called while its chunks are still there, by who holds the documents. */
export async function removeVectors(tx: Kysely<Database>, document: string): Promise<void> {
  const { numDeletedRows } = await tx
    .deleteFrom("knowledge_vectors")
    .where("chunk", "in", (eb) =>
      eb.selectFrom("knowledge_chunks").select("seq").where("document_id", "=", document),
    )
    .executeTakeFirst();
  if (numDeletedRows > 0n) await noteChanges(tx, new Set([document]));
}

async function noteChanges(tx: Kysely<Database>, documents: ReadonlySet<string>): Promise<void> {
  await tx
    .insertInto("knowledge_vector_changes")
    .values([...documents].map((document_id) => ({ document_id })))
    .execute();
}

function vectorsOf(db: Kysely<Database>, { model, dimension }: VectorKind) {
  return db
    .selectFrom("knowledge_vectors as v")
    .innerJoin("knowledge_chunks as c", "c.seq", "v.chunk")
    .select(["v.chunk", "v.vector", "c.document_id"])
    .where("v.model", "=", model)
    .where("v.dimension", "=", dimension);
}

/** libSQL gives bytes as an ArrayBuffer, pg a Buffer. */
function toVector(row: { chunk: number; vector: Uint8Array; document_id: string }) {
  return { chunk: row.chunk, document: row.document_id, bytes: new Uint8Array(row.vector) };
}
