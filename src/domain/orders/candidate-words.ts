import type { Say } from "../replies.ts";

/** Tells the candidates of a search, whose previews the buyer has: one is a question, several are a choice. */
export function candidateWords(count: number, say: Say): string {
  if (count === 0) return say("find_none");
  return count === 1 ? say("find_one") : say("find_candidates", { count });
}
