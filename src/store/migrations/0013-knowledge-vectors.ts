import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { bytesOf, type DatabaseKind, sequence } from "./database-kind.ts";

/** Vectors of chunks, and which documents they came to or went from, for those who keep them in memory. */
export function knowledgeVectors(kind: DatabaseKind): Migration {
  return {
    async up({ schema }: Kysely<unknown>) {
      // model and dimension stand before the vector: who looks for what is missing does not read it.
      await schema
        .createTable("knowledge_vectors")
        .addColumn("chunk", kind === "sqlite" ? "integer" : "bigint", (it) => it.primaryKey())
        .addColumn("model", "text", (it) => it.notNull())
        .addColumn("dimension", "integer", (it) => it.notNull())
        .addColumn("vector", bytesOf(kind), (it) => it.notNull())
        .execute();
      await sequence(kind, schema.createTable("knowledge_vector_changes"), "seq")
        .addColumn("document_id", "text", (it) => it.notNull())
        .execute();
    },
  };
}
