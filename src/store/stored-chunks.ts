import type { Kysely } from "kysely";
import type { KnowledgeDocument, StoredChunk } from "../domain/knowledge/ports.ts";
import type { Database } from "./schema.ts";

type ChunkRow = Pick<KnowledgeDocument, "title" | "url" | "kind"> &
  Pick<StoredChunk, "seq" | "heading" | "text" | "question"> & { document_id: string; position: number };

/** Chunks (c) with what is said of their documents (d). */
export function storedChunks(db: Kysely<Database>) {
  return db
    .selectFrom("knowledge_chunks as c")
    .innerJoin("knowledge_documents as d", "d.id", "c.document_id")
    .select(["c.seq", "c.document_id", "c.position", "c.heading", "c.text", "c.question"])
    .select(["d.title", "d.url", "d.kind"]);
}

export function toStoredChunk({
  seq,
  document_id,
  position,
  heading,
  text,
  question,
  ...document
}: ChunkRow): StoredChunk {
  return {
    id: `${document_id}#${position}`,
    seq,
    heading,
    text,
    question,
    document: { id: document_id, ...document },
  };
}
