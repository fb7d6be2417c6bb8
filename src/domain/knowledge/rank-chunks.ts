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

/** What is only meant counts so much, beside what was said. */
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
  // By place in the block that is looked at; the same arrays for every block and way.
  const shares = new Float64Array(CHUNKS_OF_BLOCK);
  const own = new Float64Array(CHUNKS_OF_BLOCK);
  const way = new Float64Array(CHUNKS_OF_BLOCK);
  const bestWay = new Float64Array(CHUNKS_OF_BLOCK);
  for (const [block, entries] of byBlock(postings)) {
    setGains(shares, words, entries);
    for (const meaning of meanings) addOtherWays(meaning, entries);
    for (let place = 0; place < CHUNKS_OF_BLOCK; place += 1) {
      const gain = shares[place] ?? 0;
      if (gain > 0) keep(best, most, block * CHUNKS_OF_BLOCK + place, gain / total);
    }
  }
  return best;

  function worthOf(some: readonly string[]): number {
    return some.reduce((sum, word) => sum + worth(word), 0);
  }

  /** What these words add to each chunk of a block. */
  function setGains(into: Float64Array, some: readonly string[], entries: ReadonlyMap<string, string>): void {
    into.fill(0);
    for (const word of some) {
      const found = entries.get(word);
      if (found === undefined) continue;
      const gain = worth(word);
      eachEntry(found, (place, times, length) => {
        into[place] = (into[place] ?? 0) + gain * saturation(times, length, usualLength);
      });
    }
  }

  function addOtherWays({ said, others }: Meaning, entries: ReadonlyMap<string, string>): void {
    const ways = others.filter((words) => words.some((word) => entries.has(word)));
    if (ways.length === 0) return;
    const meant = OTHER_WAY * worthOf(said);
    bestWay.fill(0);
    for (const words of ways) {
      setGains(way, words, entries);
      const scale = meant / worthOf(words);
      for (let place = 0; place < CHUNKS_OF_BLOCK; place += 1) {
        const gain = scale * (way[place] ?? 0);
        if (gain > (bestWay[place] ?? 0)) bestWay[place] = gain;
      }
    }
    setGains(own, said, entries);
    for (let place = 0; place < CHUNKS_OF_BLOCK; place += 1) {
      const more = (bestWay[place] ?? 0) - (own[place] ?? 0);
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
function keep(best: [number, number][], most: number, chunk: number, share: number): void {
  const last = best.at(-1);
  if (last !== undefined && best.length >= most && share < last[1]) return;
  const isBehind = ([other, otherShare]: [number, number]) =>
    otherShare < share || (otherShare === share && other > chunk);
  const at = best.findIndex(isBehind);
  best.splice(at < 0 ? best.length : at, 0, [chunk, share]);
  if (best.length > most) best.pop();
}
