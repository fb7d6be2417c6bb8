import type { KnowledgeFound, KnowledgeSource } from "./knowledge.ts";

/**
 * How a question stood to what is written down (spec helpdesk §4): hit, the answer cites something; miss, it was looked
 * for and the answer is that it is not there; error, it could not be looked for; n/a, none of these.
 */
export type KnowledgeStatus = "hit" | "miss" | "error" | "n/a";

export type KnowledgeUse = { status: KnowledgeStatus; citations: KnowledgeSource[] };

export const NO_KNOWLEDGE_USED: KnowledgeUse = { status: "n/a", citations: [] };

/**
 * Reads from an answer what became of the searches behind it. A source is cited by its title or by its very words.
 *
 * @param unknownWords - the fixed sentence for what nothing answers
 */
export function readKnowledgeUse(
  answer: string,
  searches: readonly KnowledgeFound[],
  unknownWords: string,
): KnowledgeUse {
  if (searches.length === 0) return NO_KNOWLEDGE_USED;
  if (answer.includes(unknownWords)) {
    // One that was away may have known it.
    return { status: searches.some(({ status }) => status === "failed") ? "error" : "miss", citations: [] };
  }
  const cited = searches
    .flatMap(({ chunks }) => chunks)
    .filter(({ text, source }) => answer.includes(source.title) || answer.includes(text.trim()))
    .map(({ source }) => source);
  const citations = [...new Map(cited.map((source) => [source.document_id, source])).values()];
  if (citations.length > 0) return { status: "hit", citations };
  return searches.some(({ status }) => status === "failed")
    ? { status: "error", citations: [] }
    : NO_KNOWLEDGE_USED;
}
