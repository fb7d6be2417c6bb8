import { rarity, saturation } from "../../domain/knowledge/bm25.ts";
import { type Concept, coverage } from "../../domain/knowledge/coverage.ts";
import type { KnowledgeBase, KnowledgeChunk } from "../../domain/knowledge/knowledge.ts";
import type { KnowledgeStore, Posting, StoredChunk } from "../../domain/knowledge/ports.ts";
import { foldedText, type WordCutter, type WordTagger } from "../chinese-words.ts";
import { conceptsOf } from "./concepts.ts";
import { NO_SYNONYMS, type Synonyms } from "./synonyms.ts";

/** A question of more words is a story; its first words say what it is about. */
const MOST_WORDS = 80;
const MOST_CHARACTERS = 500;
/** Rare words choose what is looked at; common ones only order it. So many places of words are read for the choice. */
const MOST_PLACES = 20_000;
const CANDIDATES = 200;
/** So many of the best, for each that is asked for, are read and weighed by what they say. */
const READ_FOR_EACH = 2;
const READ_AT_LEAST = 8;
/** What a word that was only meant counts, beside one that was said. */
const OTHER_WORD = 0.4;
/** What shares less of what the question's words are worth is not worth a look. */
const LEAST_SCORE = 0.15;
/** What every question leaves unsaid, in words that are written nowhere. */
const UNSAID_WORDS = 0.5;
/** A chunk answers that speaks of so much of what is asked (measured: evals/helpdesk). */
const ENOUGH = 0.44;
/** A written question that is this much the same as the one asked is answered as it was written. */
const SAME_QUESTION = 0.6;

type Scored = { chunk: StoredChunk; rank: number; covered: number; isSameQuestion: boolean };

/**
 * Knowledge in our own store: full text by BM25 over Chinese words finds what may answer, how much of the question it
 * speaks of says whether it does, and written questions come before documents. Every process reads the same rows.
 */
export function createEmbeddedKnowledge({
  store,
  cut,
  tag,
  synonyms = () => NO_SYNONYMS,
}: {
  store: Pick<KnowledgeStore, "size" | "frequencies" | "postings" | "chunks">;
  cut: WordCutter;
  tag: WordTagger;
  /** Other words for what a question says (config/synonyms.yaml). */
  synonyms?: () => Synonyms;
}): KnowledgeBase {
  return {
    async search(asking, topK) {
      const query = [...asking.slice(0, 2 * MOST_CHARACTERS)].slice(0, MOST_CHARACTERS).join("");
      const words = [...new Set(cut(query))].slice(0, MOST_WORDS);
      if (words.length === 0) return { status: "ok", chunks: [] };
      const means = synonyms();
      const others = [...new Set(means.alsoSaid(query).flatMap(cut))]
        .filter((word) => !words.includes(word))
        .slice(0, MOST_WORDS);
      const concepts = conceptsOf(query, { tag, synonyms: means });
      const [size, frequencies] = await Promise.all([
        store.size(),
        store.frequencies([...new Set([...words, ...others, ...concepts.words])]),
      ]);
      const worth = (word: string) => rarity(size.chunks, frequencies.get(word) ?? 0);
      const ranks = await rank(words, others, { frequencies, worth, usualLength: size.usualLength });
      const most = Math.max(READ_AT_LEAST, READ_FOR_EACH * topK);
      const likely = new Map(best(ranks, most).filter(([, score]) => score >= LEAST_SCORE));
      const asked = concepts.weigh((word) => ({
        worth: worth(word),
        isKnown: (frequencies.get(word) ?? 0) > 0,
      }));
      const chunks = (await store.chunks([...likely.keys()])).map((chunk) =>
        judged(chunk, likely.get(chunk.seq) ?? 0, {
          words,
          asked,
          unsaid: UNSAID_WORDS * rarity(size.chunks, 0),
        }),
      );
      const found = chunks.sort(byAnswer).slice(0, topK);
      // When the best does not answer, what comes after it is near by chance.
      const isAnswered = found[0] !== undefined && isAnswer(found[0]);
      return {
        status: "ok",
        chunks: found.map((it) => ({ ...toFound(it), answers: isAnswered && isAnswer(it) })),
      };
    },
  };

  /** By chunk, as shares of what a chunk with every word of the question would have. */
  async function rank(
    words: string[],
    others: string[],
    {
      frequencies,
      worth,
      usualLength,
    }: {
      frequencies: ReadonlyMap<string, number>;
      worth: (word: string) => number;
      usualLength: number;
    },
  ): Promise<Map<number, number>> {
    const gains = new Map(words.map((word) => [word, worth(word)]));
    const total = [...gains.values()].reduce((sum, value) => sum + value, 0);
    for (const word of others) gains.set(word, OTHER_WORD * worth(word));
    const scores = new Map<number, number>();
    const add = ({ chunk, word, times, length }: Posting) => {
      const gain = ((gains.get(word) ?? 0) * saturation(times, length, usualLength)) / total;
      scores.set(chunk, (scores.get(chunk) ?? 0) + gain);
    };
    const [choosing, ordering] = split([...words, ...others], frequencies);
    for (const posting of await store.postings(choosing)) add(posting);
    if (ordering.length === 0) return scores;
    const candidates = best(scores, CANDIDATES);
    scores.clear();
    for (const [chunk, score] of candidates) scores.set(chunk, score);
    for (const posting of await store.postings(ordering, [...scores.keys()])) add(posting);
    return scores;
  }

  function judged(
    chunk: StoredChunk,
    rank: number,
    { words, asked, unsaid }: { words: string[]; asked: readonly Concept[]; unsaid: number },
  ): Scored {
    const { document, heading, question, text } = chunk;
    const likeness = question === null ? 0 : overlap(new Set(cut(question)), words);
    const said = foldedText([document.title, heading, question ?? "", text].join("\n"));
    return { chunk, rank, covered: coverage(asked, said, unsaid), isSameQuestion: likeness >= SAME_QUESTION };
  }
}

function best(scores: ReadonlyMap<number, number>, most: number): [number, number][] {
  return [...scores].sort(([, one], [, other]) => other - one).slice(0, most);
}

function byAnswer(one: Scored, other: Scored): number {
  const order = ({ covered, rank }: Scored) => covered + rank;
  return (
    Number(other.isSameQuestion) - Number(one.isSameQuestion) ||
    order(other) - order(one) ||
    one.chunk.seq - other.chunk.seq
  );
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

function isAnswer({ covered, isSameQuestion }: Scored): boolean {
  return isSameQuestion || covered >= ENOUGH;
}

function toFound({ chunk, covered }: Scored): Omit<KnowledgeChunk, "answers"> {
  const { id, text, heading, document } = chunk;
  return {
    id,
    text: chunk.question === null && heading !== "" ? `${heading}\n${text}` : text,
    score: covered,
    source: {
      document_id: document.id,
      title: document.title,
      ...(document.url === null ? {} : { url: document.url }),
    },
  };
}
