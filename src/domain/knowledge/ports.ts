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

/** Makes vectors of texts. */
export type Embedder = {
  /** Names what its vectors may be compared with. */
  model: string;
  /**
   * The vectors of these texts in their order, all of one dimension, in the form of `toVectorBytes`.
   *
   * @param withinMs - for each call of the endpoint; texts of more than one call take longer
   * @throws AppError("embedding-unavailable")
   */
  embed(texts: readonly string[], withinMs: number): Promise<Uint8Array[]>;
};

/** Only vectors of the same model and dimension are compared. */
export type VectorKind = { model: string; dimension: number };

/** chunk: its number; bytes: in the form of `toVectorBytes`. */
export type ChunkVector = { chunk: number; bytes: Uint8Array };

/** Vectors of the embedded knowledge's chunks, at most one for each; they go with their documents. */
export type VectorStore = {
  /** Chunks with a higher number than `after` that have no vector of this kind, lowest first. */
  missing(kind: VectorKind, page: { after: number; most: number }): Promise<StoredChunk[]>;
  /** How many chunks have no vector of this model; of that dimension, unless it is null. */
  countMissing(kind: { model: string; dimension: number | null }): Promise<number>;
  /** In place of what these chunks had, of whatever kind; chunks that are gone meanwhile are passed over. */
  put(kind: VectorKind, vectors: readonly ChunkVector[]): Promise<void>;
  /** Number of the last change; 0 as long as there never was a vector. */
  lastChange(): Promise<number>;
  /** Documents of which vectors came or went since that change, as far as the number that is returned. */
  changesSince(seq: number): Promise<{ seq: number; documents: string[] }>;
  /** What these documents have of this kind. */
  ofDocuments(
    kind: VectorKind,
    documents: readonly string[],
  ): Promise<(ChunkVector & { document: string })[]>;
  /** What there is of this kind, chunk by chunk. */
  all(
    kind: VectorKind,
    page: { after: number; most: number },
  ): Promise<(ChunkVector & { document: string })[]>;
};
