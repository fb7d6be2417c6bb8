import { saturation } from "./bm25.ts";
import { CHUNKS_OF_BLOCK, eachEntry, type PostingBlock } from "./posting-block.ts";

/** Words of a question that mean one thing, and how else that is written: each way cut into words. */
export type Meaning = { said: string[]; others: string[][] };

type Asked = {
  /** Each once. */
  words: readonly string[];
  meanings: readonly Meaning[];
  /** By word, as `rarity` counts it. */
  worth: (word: string) => number;
  usualLength: number;
};

/** What is only meant counts, beside what was said. */
const OTHER_WAY = 0.9;

/**
 * The chunks with the most of what a question's words are worth (BM25), as shares of what a chunk has that says each of
 * them once. What is written in another way counts for the words that mean it: of all the ways the best, and nothing
 * beyond what those words themselves have there.
 *
 * @param postings - of the question's words and of the other ways' words
 * @returns number and share, best first
 */
export function rankChunks(
  { words, meanings, worth, usualLength }: Asked,
  postings: readonly PostingBlock[],
  most: number,
): [chunk: number, share: number][] {
  const total = worthOf(words);
  const best: [number, number][] = [];
  for (const [block, entries] of byBlock(postings)) {
    const shares = gains(words, entries);
    for (const meaning of meanings) addOtherWays(meaning, entries, shares);
    for (const [place, gain] of shares.entries())
      if (gain > 0) keep(best, most, [block * CHUNKS_OF_BLOCK + place, gain / total]);
  }
  return best;

  function worthOf(some: readonly string[]): number {
    return some.reduce((sum, word) => sum + worth(word), 0);
  }

  /** By place, what these words add to each chunk of a block. */
  function gains(some: readonly string[], entries: ReadonlyMap<string, string>): Float64Array {
    const found = new Float64Array(CHUNKS_OF_BLOCK);
    for (const word of some) {
      const gain = worth(word);
      eachEntry(entries.get(word) ?? "", (place, times, length) => {
        found[place] = (found[place] ?? 0) + gain * saturation(times, length, usualLength);
      });
    }
    return found;
  }

  function addOtherWays(
    { said, others }: Meaning,
    entries: ReadonlyMap<string, string>,
    shares: Float64Array,
  ): void {
    const ways = others.filter((way) => way.some((word) => entries.has(word)));
    if (ways.length === 0) return;
    const meant = OTHER_WAY * worthOf(said);
    const most = new Float64Array(CHUNKS_OF_BLOCK);
    for (const way of ways) {
      const whole = worthOf(way);
      for (const [place, gain] of gains(way, entries).entries())
        if (gain > 0) most[place] = Math.max(most[place] ?? 0, (meant * gain) / whole);
    }
    const own = gains(said, entries);
    for (const [place, gain] of most.entries()) {
      const more = gain - (own[place] ?? 0);
      if (more > 0) shares[place] = (shares[place] ?? 0) + more;
    }
  }
}

function byBlock(postings: readonly PostingBlock[]): Map<number, Map<string, string>> {
  const blocks = new Map<number, Map<string, string>>();
  for (const { word, block, entries } of postings) {
    const words = blocks.get(block) ?? new Map<string, string>();
    blocks.set(block, words.set(word, entries));
  }
  return blocks;
}

/** The best so far stay in order; of equals the one that comes first. */
function keep(best: [number, number][], most: number, found: [number, number]): void {
  const isBehind = ([chunk, share]: [number, number]) =>
    share < found[1] || (share === found[1] && chunk > found[0]);
  const last = best.at(-1);
  if (last !== undefined && best.length >= most && !isBehind(last)) return;
  const at = best.findIndex(isBehind);
  best.splice(at < 0 ? best.length : at, 0, found);
  if (best.length > most) best.pop();
}
