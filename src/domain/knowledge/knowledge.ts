/** One answer the shop has written down. */
export type KnowledgeChunk = { id: string; title: string; text: string; score: number };

/** Where answers are looked up. failed: the source could not be asked, which is not the same as knowing nothing. */
export type KnowledgeBase = {
  search(query: string, topK: number): Promise<{ status: "ok" | "failed"; chunks: KnowledgeChunk[] }>;
};
