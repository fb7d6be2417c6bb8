import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { type DatabaseKind, sequence } from "./database-kind.ts";

/** Documents, their chunks, and the words of each chunk. */
export function knowledge(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const { schema } = db;
      await schema
        .createTable("knowledge_documents")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("title", "text", (it) => it.notNull())
        .addColumn("url", "text")
        .addColumn("kind", "text", (it) => it.notNull())
        .addColumn("hash", "text", (it) => it.notNull())
        .addColumn("version", "integer", (it) => it.notNull())
        .addColumn("chunks", "integer", (it) => it.notNull())
        .addColumn("words", "bigint", (it) => it.notNull())
        .addColumn("updated_at", "bigint", (it) => it.notNull())
        .execute();
      await sequence(kind, schema.createTable("knowledge_chunks"), "seq")
        .addColumn("document_id", "text", (it) => it.notNull())
        .addColumn("position", "integer", (it) => it.notNull())
        .addColumn("heading", "text", (it) => it.notNull())
        .addColumn("text", "text", (it) => it.notNull())
        .addColumn("question", "text")
        .execute();
      await schema
        .createIndex("knowledge_chunks_of_document")
        .on("knowledge_chunks")
        .columns(["document_id", "position"])
        .execute();
      await schema
        .createTable("knowledge_postings")
        .addColumn("word", "text", (it) => it.notNull())
        .addColumn("chunk", "bigint", (it) => it.notNull())
        .addColumn("times", "integer", (it) => it.notNull())
        .addColumn("length", "integer", (it) => it.notNull())
        .execute();
      // All that a search reads, so that it reads the index alone.
      await schema
        .createIndex("knowledge_postings_word")
        .on("knowledge_postings")
        .columns(["word", "chunk", "times", "length"])
        .execute();
      // A chunk that goes takes its words along.
      await schema
        .createIndex("knowledge_postings_chunk")
        .on("knowledge_postings")
        .columns(["chunk"])
        .execute();
      await schema
        .createTable("knowledge_words")
        .addColumn("word", "text", (it) => it.primaryKey())
        .addColumn("chunks", "bigint", (it) => it.notNull())
        .execute();
    },
  };
}
