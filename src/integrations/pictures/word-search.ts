import { createWordCutter } from "../chinese-words.ts";

/** Text of one item by field, and what a word in that field counts. */
export type WordFields = { text: string; weight: number }[];
/** score: 1 when every word of the query is found in the weightiest field. */
export type WordMatch = { id: string; score: number };

/** Full-text search in memory, for Chinese and Latin words. */
export function createWordSearch() {
  const cut = createWordCutter();
  const postings = new Map<string, Map<string, number>>();
  const wordsOf = new Map<string, string[]>();

  return { add, remove, search };

  function add(id: string, fields: WordFields): void {
    remove(id);
    const weights = new Map<string, number>();
    for (const { text, weight } of fields) {
      for (const word of cut(text)) weights.set(word, Math.max(weight, weights.get(word) ?? 0));
    }
    for (const [word, weight] of weights) {
      const posting = postings.get(word) ?? new Map<string, number>();
      posting.set(id, weight);
      postings.set(word, posting);
    }
    wordsOf.set(id, [...weights.keys()]);
  }

  function remove(id: string): void {
    for (const word of wordsOf.get(id) ?? []) {
      const posting = postings.get(word);
      posting?.delete(id);
      if (posting?.size === 0) postings.delete(word);
    }
    wordsOf.delete(id);
  }

  /** Rare words count more (inverse document frequency); the sum is divided by what a full hit would give. */
  function search(query: string, limit: number): WordMatch[] {
    const terms = [...new Set(cut(query))];
    const scores = new Map<string, number>();
    let best = 0;
    for (const term of terms) {
      const posting = postings.get(term);
      const rarity = Math.log(1 + (wordsOf.size + 1) / ((posting?.size ?? 0) + 0.5));
      best += rarity;
      for (const [id, weight] of posting ?? []) scores.set(id, (scores.get(id) ?? 0) + rarity * weight);
    }
    return [...scores]
      .map(([id, score]) => ({ id, score: Math.min(1, score / best) }))
      .sort((one, other) => other.score - one.score || (one.id < other.id ? -1 : 1))
      .slice(0, limit);
  }
}
