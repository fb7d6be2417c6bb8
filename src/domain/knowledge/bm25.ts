/** Saturation of repeated words, and how much a long text counts less: the usual values. */
export const K1 = 2;
export const B = 0.3;

/** What a word is worth: rare ones more (Robertson and Spärck Jones, never negative). */
export function rarity(documents: number, containing: number): number {
  return Math.log(1 + (documents - containing + 0.5) / (containing + 0.5));
}

/** What one word adds to a text's score, as a share of its rarity: 1 for a word said once in a text of usual length. */
export function saturation(times: number, length: number, usualLength: number): number {
  return (times * (K1 + 1)) / (times + K1 * (1 - B + B * (length / usualLength)));
}
