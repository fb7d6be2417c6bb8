import type { Concept } from "../../domain/knowledge/coverage.ts";
import { pairsOf, type WordTagger } from "../chinese-words.ts";
import type { Synonyms } from "./synonyms.ts";

/**
 * By part of speech: things name what is asked about; what is done or how it is says less, since everybody says it
 * differently; numbers, times and small words say little.
 */
const THING = /^(?:n|vn|eng|j)/u;
const SMALL = /^[mqtrdcpuyfkoe]/u;
const WEIGHT_OF_THING = 1;
const WEIGHT_OF_DOING = 0.7;
const WEIGHT_OF_SMALL = 0.15;
/** A thing that is written nowhere: whoever asks about it asks about something else than we know. */
const STRANGE = 1.5;
/** In Latin letters it is the name of a system that we do not have. */
const NAME = /^eng/u;
const STRANGE_NAME = 2;
const HAN_WORD = /^\p{Script=Han}{2,}$/u;

/** Rarity as weight of what is asked: a rare word says more of it than a common one, but less than how rare it is. */
export function weightOf(worth: number): number {
  return Math.sqrt(worth);
}

/** What a question asks about, weighted. `rarity`: what a word is worth by how many chunks hold it; 0 for none. */
export function conceptsOf(
  question: string,
  { tag, synonyms }: { tag: WordTagger; synonyms: Synonyms },
): { words: string[]; weigh: (rarity: (word: string) => { worth: number; isKnown: boolean }) => Concept[] } {
  const tagged = [...new Map(tag(question).map((it) => [it.word, it])).values()];
  return {
    words: tagged.map(({ word }) => word),
    weigh: (rarity) =>
      tagged.map(({ word, tag: kind }) => {
        const { worth, isKnown } = rarity(word);
        const byKind = THING.test(kind)
          ? WEIGHT_OF_THING
          : SMALL.test(kind)
            ? WEIGHT_OF_SMALL
            : WEIGHT_OF_DOING;
        return {
          word,
          weight: weightOf(worth) * byKind * (isKnown ? 1 : strangeness(kind)),
          others: synonyms.insteadOf(word, question),
          parts: HAN_WORD.test(word) ? pairsOf(word) : [],
        };
      }),
  };
}

function strangeness(kind: string): number {
  if (NAME.test(kind)) return STRANGE_NAME;
  return THING.test(kind) ? STRANGE : 1;
}
