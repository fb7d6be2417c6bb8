/**
 * A word of a question and how much it says of what is asked. others: how else its meaning may be written; parts: its
 * pairs of characters, or itself.
 */
export type Concept = { word: string; weight: number; others: string[]; parts: string[] };

/** What of a concept is covered when it stands there in other words, in parts, or only by its single characters. */
const IN_OTHER_WORDS = 0.8;
const IN_PARTS = 0.7;
const BY_CHARACTERS = 0.3;

/**
 * How much of what is asked a text speaks of, 0 to 1. A text that shares only a question's common words does not answer
 * it, however often they occur: what is missing counts as much as what is there. Who asks in a word or two has said
 * little that could be found.
 *
 * @param text - folded to half width and lower case, as the concepts' words are
 * @param unsaid - weight that every question lacks
 */
export function coverage(concepts: readonly Concept[], text: string, unsaid: number): number {
  let asked = unsaid;
  let found = 0;
  for (const concept of concepts) {
    asked += concept.weight;
    found += concept.weight * covered(concept, text);
  }
  return asked === 0 ? 0 : found / asked;
}

function covered({ word, others, parts }: Concept, text: string): number {
  if (text.includes(word)) return 1;
  if (others.some((other) => text.includes(other))) return IN_OTHER_WORDS;
  const there = parts.filter((part) => text.includes(part)).length;
  const inParts = parts.length === 0 ? 0 : (IN_PARTS * there) / parts.length;
  const isSpelled = parts.length > 0 && [...word].every((character) => text.includes(character));
  return Math.max(inParts, isSpelled ? BY_CHARACTERS : 0);
}
