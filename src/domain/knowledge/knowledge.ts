/** Where a chunk comes from, as it is cited. */
export type KnowledgeSource = { document_id: string; title: string; url?: string };

/**
 * A piece of what is written down. score: 0 to 1, comparable within one source only. answers: by its source's own
 * measure it holds an answer; the rest is only near.
 */
export type KnowledgeChunk = {
  id: string;
  text: string;
  score: number;
  answers: boolean;
  source: KnowledgeSource;
};

/** failed: the source could not be asked, which is not the same as knowing nothing. */
export type KnowledgeFound = { status: "ok" | "failed"; chunks: KnowledgeChunk[] };

/** Where answers are looked up (spec helpdesk §1). */
export type KnowledgeBase = {
  /** @param topK - at most so many chunks, best first */
  search(query: string, topK: number): Promise<KnowledgeFound>;
};
