import { rarity, saturation } from "../../domain/knowledge/bm25.ts";
import type { KnowledgeBase, KnowledgeChunk } from "../../domain/knowledge/knowledge.ts";
import type { KnowledgeStore, Posting, StoredChunk } from "../../domain/knowledge/ports.ts";
import type { WordCutter } from "../chinese-words.ts";

/** A question of more words is a story; its first words say what it is about. */
const MOST_WORDS = 80;
/** Rare words choose what is looked at; common ones only order it. So many places of words are read for the choice. */
const MOST_PLACES = 20_000;
const CANDIDATES = 200;
/** What a word that was only meant counts, beside one that was said. */
const OTHER_WORD = 0.4;
/** What shares less of what the question's words are worth is not worth a look; whether the rest answers, its reader says. */
const LEAST_SCORE = 0.15;
const NAME = /^(?=.*[a-z])[a-z0-9]{2,}$/u;
/** A written question that is this much the same as the one asked is answered as it was written. */
const SAME_QUESTION = 0.6;

type Scored = { chunk: StoredChunk; score: number; isSameQuestion: boolean };

/**
 * Knowledge in our own store: full text by BM25 over Chinese words, and written questions before documents. Every
 * process reads the same rows.
 */
export function createEmbeddedKnowledge({
  store,
  cut,
  alsoSaid = () => [],
}: {
  store: Pick<KnowledgeStore, "size" | "frequencies" | "postings" | "chunks">;
  cut: WordCutter;
  /** Other words for what a question says (config/synonyms.yaml). */
  alsoSaid?: (query: string) => string[];
}): KnowledgeBase {
  return {
    async search(query, topK) {
      const words = [...new Set(cut(query))].slice(0, MOST_WORDS);
      const others = [...new Set(alsoSaid(query).flatMap(cut))].filter((word) => !words.includes(word));
      const frequencies = await store.frequencies([...words, ...others]);
      const scores = await rank(words, others.slice(0, MOST_WORDS), frequencies);
      const best = [...scores].sort(([, one], [, other]) => other - one).slice(0, CANDIDATES);
      // Who asks about a thing by a name that is written nowhere asks about another thing.
      const least = words.some((word) => isStrange(word, frequencies, others))
        ? 2 * LEAST_SCORE
        : LEAST_SCORE;
      const likely = new Map(best.filter(([, score]) => score >= least).slice(0, 4 * topK));
      const chunks = (await store.chunks([...likely.keys()])).map((chunk) =>
        judged(chunk, likely.get(chunk.seq) ?? 0, words),
      );
      return {
        status: "ok",
        chunks: chunks
          .sort(
            (one, other) =>
              Number(other.isSameQuestion) - Number(one.isSameQuestion) ||
              other.score - one.score ||
              one.chunk.seq - other.chunk.seq,
          )
          .slice(0, topK)
          .map(toFound),
      };
    },
  };

  /** Scores as shares of what a chunk with every word would have. */
  async function rank(
    words: string[],
    others: string[],
    frequencies: ReadonlyMap<string, number>,
  ): Promise<Map<number, number>> {
    const { chunks: all, usualLength } = await store.size();
    const worth = new Map(words.map((word) => [word, rarity(all, frequencies.get(word) ?? 0)]));
    const total = [...worth.values()].reduce((sum, value) => sum + value, 0);
    for (const word of others) worth.set(word, OTHER_WORD * rarity(all, frequencies.get(word) ?? 0));
    const scores = new Map<number, number>();
    const add = ({ chunk, word, times, length }: Posting) => {
      const gain = ((worth.get(word) ?? 0) * saturation(times, length, usualLength)) / total;
      scores.set(chunk, (scores.get(chunk) ?? 0) + gain);
    };
    const [choosing, ordering] = split([...words, ...others], frequencies);
    for (const posting of await store.postings(choosing)) add(posting);
    if (ordering.length === 0) return scores;
    const candidates = [...scores].sort(([, one], [, other]) => other - one).slice(0, CANDIDATES);
    scores.clear();
    for (const [chunk, score] of candidates) scores.set(chunk, score);
    for (const posting of await store.postings(ordering, [...scores.keys()])) add(posting);
    return scores;
  }

  function judged(chunk: StoredChunk, score: number, words: string[]): Scored {
    const likeness = chunk.question === null ? 0 : overlap(new Set(cut(chunk.question)), words);
    return {
      chunk,
      score: Math.min(1, Math.max(score, likeness)),
      isSameQuestion: likeness >= SAME_QUESTION,
    };
  }
}

/** Rarest first, until enough places would be read; the rarest there is is always read. */
function split(words: readonly string[], frequencies: ReadonlyMap<string, number>): [string[], string[]] {
  const known = words
    .filter((word) => (frequencies.get(word) ?? 0) > 0)
    .sort((one, other) => (frequencies.get(one) ?? 0) - (frequencies.get(other) ?? 0));
  let places = 0;
  const enough = known.findIndex((word, at) => {
    places += frequencies.get(word) ?? 0;
    return at > 0 && places > MOST_PLACES;
  });
  return enough < 0 ? [known, []] : [known.slice(0, enough), known.slice(enough)];
}

/** Words that both have, as a share of what they have on average (Dice). */
function overlap(written: ReadonlySet<string>, asked: readonly string[]): number {
  const both = asked.filter((word) => written.has(word)).length;
  return (2 * both) / (written.size + asked.length);
}

/** PLM, k8s, 3d: a Latin name that is in no chunk and that nobody has said in other words. */
function isStrange(
  word: string,
  frequencies: ReadonlyMap<string, number>,
  others: readonly string[],
): boolean {
  return NAME.test(word) && frequencies.get(word) === 0 && others.length === 0;
}

function toFound({ chunk, score }: Scored): KnowledgeChunk {
  const { id, text, heading, document } = chunk;
  return {
    id,
    text: chunk.question === null && heading !== "" ? `${heading}\n${text}` : text,
    score,
    source: {
      document_id: document.id,
      title: document.title,
      ...(document.url === null ? {} : { url: document.url }),
    },
  };
}
