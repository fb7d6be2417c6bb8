/**
 * The chunks that hold one word, of those whose numbers fall into one block, each with how often it holds the word and
 * how many words it has. entries: five letters of `DIGITS` for each: place in the block (2), times (1), length (2).
 * They are text, so that both databases add to it in one statement.
 */
export type PostingBlock = { word: string; block: number; entries: string };

/** What two letters count. */
export const CHUNKS_OF_BLOCK = 4_096;
const LETTERS_OF_ENTRY = 5;
const FIRST_DIGIT = 48;
const DIGIT_BITS = 6;
const MOST_IN_ONE = 63;
const MOST_IN_TWO = CHUNKS_OF_BLOCK - 1;

export function blockOf(chunk: number): number {
  return Math.floor(chunk / CHUNKS_OF_BLOCK);
}

/** Times from 63 and lengths from 4095 are written as these. */
export function entryOf(chunk: number, times: number, length: number): string {
  const place = chunk % CHUNKS_OF_BLOCK;
  const words = Math.min(length, MOST_IN_TWO);
  return String.fromCharCode(
    FIRST_DIGIT + (place >> DIGIT_BITS),
    FIRST_DIGIT + (place & MOST_IN_ONE),
    FIRST_DIGIT + Math.min(times, MOST_IN_ONE),
    FIRST_DIGIT + (words >> DIGIT_BITS),
    FIRST_DIGIT + (words & MOST_IN_ONE),
  );
}

/** place: the chunk's number less that of its block's first. */
export function eachEntry(
  entries: string,
  use: (place: number, times: number, length: number) => void,
): void {
  const two = (at: number) =>
    ((entries.charCodeAt(at) - FIRST_DIGIT) << DIGIT_BITS) + entries.charCodeAt(at + 1) - FIRST_DIGIT;
  for (let at = 0; at < entries.length; at += LETTERS_OF_ENTRY)
    use(two(at), entries.charCodeAt(at + 2) - FIRST_DIGIT, two(at + 3));
}

/** The entries of all other chunks. */
export function withoutChunks(entries: string, places: ReadonlySet<number>): string {
  let kept = "";
  let at = 0;
  eachEntry(entries, (place) => {
    if (!places.has(place)) kept += entries.slice(at, at + LETTERS_OF_ENTRY);
    at += LETTERS_OF_ENTRY;
  });
  return kept;
}

export function countOf(entries: string): number {
  return entries.length / LETTERS_OF_ENTRY;
}
