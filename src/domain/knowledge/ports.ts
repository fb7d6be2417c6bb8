import type { PostingBlock } from "./posting-block.ts";

export type KnowledgeDocument = {
  id: string;
  title: string;
  /** Where the reader finds the original; null when only we have it. */
  url: string | null;
  /** qa: pairs of question and answer. */
  kind: "document" | "qa";
  /** Of what was imported: the same content is not imported twice. */
  hash: string;
  /** Counts up with every changed import. */
  version: number;
  chunks: number;
  updated_at: number;
};

/** What is to be found: its words are counted already, headings and title among them. */
export type NewChunk = {
  heading: string;
  text: string;
  /** Of a Q&A pair; null else. */
  question: string | null;
  /** How often each word occurs. */
  words: ReadonlyMap<string, number>;
};

export type StoredChunk = {
  id: string;
  seq: number;
  heading: string;
  text: string;
  question: string | null;
  document: Pick<KnowledgeDocument, "id" | "title" | "url" | "kind">;
};

/** The embedded knowledge: documents in chunks, and which word is in which chunk. */
export type KnowledgeStore = {
  /**
   * Puts a document in place of the one with its id, chunks and all, in one transaction.
   *
   * @returns unchanged when its hash, title and url are what is there
   */
  putDocument(
    document: Pick<KnowledgeDocument, "id" | "title" | "url" | "kind" | "hash">,
    chunks: readonly NewChunk[],
    now: number,
  ): Promise<"added" | "replaced" | "unchanged">;
  removeDocument(id: string): Promise<boolean>;
  documents(): Promise<KnowledgeDocument[]>;
  /** How many chunks there are, and of how many words on average. */
  size(): Promise<{ chunks: number; usualLength: number }>;
  /** In how many chunks each of these words is; 0 for those in none. */
  frequencies(words: readonly string[]): Promise<Map<string, number>>;
  /** Where these words are. */
  postings(words: readonly string[]): Promise<PostingBlock[]>;
  chunks(seqs: readonly number[]): Promise<StoredChunk[]>;
};
