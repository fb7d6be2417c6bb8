import { rarity } from "../../domain/knowledge/bm25.ts";
import { type Concept, coverage } from "../../domain/knowledge/coverage.ts";
import { fuseRanks } from "../../domain/knowledge/fuse-ranks.ts";
import type { KnowledgeBase, KnowledgeChunk } from "../../domain/knowledge/knowledge.ts";
import type { KnowledgeStore, StoredChunk } from "../../domain/knowledge/ports.ts";
import { type Meaning, rankChunks } from "../../domain/knowledge/rank-chunks.ts";
import { foldedText, type WordCutter, type WordTagger } from "../chinese-words.ts";
import { conceptsOf, weightOf } from "./concepts.ts";
import type { NearestChunks } from "./nearest-chunks.ts";
import { NO_SYNONYMS, type Synonyms } from "./synonyms.ts";

/** A question of more words is a story; its first words say what it is about. */
const MOST_WORDS = 80;
const MOST_CHARACTERS = 500;
/** Words of other ways to say it, all together. */
const MOST_OTHER_WORDS = 200;
/** Rare words first, so many places of words are read; what is then still unread is nearly everywhere. */
const MOST_PLACES = 300_000;
/** So many of the best, for each that is asked for, are read and weighed by what they say. */
const READ_FOR_EACH = 2;
const READ_AT_LEAST = 10;
/** With vectors the two rankings are fused as far as that many times what is read, and twice as many are read. */
const FUSED_TIMES = 5;
const READ_TIMES = 2;
/** What shares less of what the question's words are worth is not worth a look. */
const LEAST_SHARE = 0.05;
/** What every question leaves unsaid, in words that are written nowhere. */
const UNSAID_WORDS = 1;
/** Beside what a chunk speaks of, its share of the words says less of whether it answers than of which is best. */
const SHARE_IN_SCORE = 0.3;
const SHARE_IN_ORDER = 1.5;
/** A chunk answers that scores so much (measured: evals/helpdesk). */
const ENOUGH = 0.48;
/** A written question that is this much the same as the one asked is answered as it was written. */
const SAME_QUESTION = 0.6;

/** share: of the question's words; covered: of what it asks. */
type Scored = { chunk: StoredChunk; share: number; covered: number; isSameQuestion: boolean };

/**
 * Knowledge in our own store: full text by BM25 over Chinese words finds what may answer, how much of the question it
 * speaks of says whether it does, and written questions come before documents. Every process reads the same rows.
 * Vectors, when there are any, have a say in what is read, and in which order comes what does not answer.
 */
export function createEmbeddedKnowledge({
  store,
  cut,
  tag,
  synonyms = () => NO_SYNONYMS,
  nearest = null,
}: {
  store: Pick<KnowledgeStore, "size" | "frequencies" | "postings" | "chunks">;
  cut: WordCutter;
  tag: WordTagger;
  /** Other words for what a question says (config/synonyms.yaml). */
  synonyms?: () => Synonyms;
  /** Null: found by words alone. */
  nearest?: NearestChunks | null;
}): KnowledgeBase {
  return {
    async search(asking, topK) {
      const query = [...asking.slice(0, 2 * MOST_CHARACTERS)].slice(0, MOST_CHARACTERS).join("");
      const words = [...new Set(cut(query))].slice(0, MOST_WORDS);
      if (words.length === 0) return { status: "ok", chunks: [] };
      const read = Math.max(READ_AT_LEAST, READ_FOR_EACH * topK);
      const asksNearest = nearest?.(query, FUSED_TIMES * read) ?? [];
      const means = synonyms();
      const concepts = conceptsOf(query, { tag, synonyms: means });
      const meanings = meaningsOf(query, words, means);
      const others = meanings.flatMap((meaning) => meaning.others.flat());
      const looked = [...new Set([...words, ...others])];
      const [size, frequencies] = await Promise.all([
        store.size(),
        store.frequencies([...new Set([...looked, ...concepts.words])]),
      ]);
      const worth = (word: string) => rarity(size.chunks, frequencies.get(word) ?? 0);
      const best = rankChunks(
        { words, meanings, worth, usualLength: size.usualLength },
        await store.postings(rarest(looked, frequencies)),
        nearest === null ? read : FUSED_TIMES * read,
      );
      const likely = new Map(best.filter(([, share]) => share >= LEAST_SHARE));
      const near = await asksNearest;
      const chosen =
        near.length === 0
          ? [...likely.keys()].slice(0, read)
          : fuseRanks([[...likely.keys()], near]).slice(0, READ_TIMES * read);
      const asked = concepts.weigh((word) => ({
        worth: worth(word),
        isKnown: (frequencies.get(word) ?? 0) > 0,
      }));
      const chunks = (await store.chunks(chosen)).map((chunk) =>
        judged(chunk, likely.get(chunk.seq) ?? 0, {
          words,
          asked,
          unsaid: UNSAID_WORDS * weightOf(rarity(size.chunks, 0)),
        }),
      );
      const found = chunks.sort(byAnswer);
      // When the best does not answer, what comes after it is near by chance.
      const isAnswered = found[0] !== undefined && isAnswer(found[0]);
      const answers = (it: Scored) => isAnswered && isAnswer(it);
      // What does not answer is told apart by its words alone only when nothing else is known of it.
      if (near.length > 0) {
        const places = new Map(chosen.map((seq, place) => [seq, place]));
        const placeOf = (it: Scored) => (answers(it) ? -1 : (places.get(it.chunk.seq) ?? 0));
        found.sort((one, other) => placeOf(one) - placeOf(other));
      }
      return {
        status: "ok",
        chunks: found.slice(0, topK).map((it) => ({ ...toFound(it), answers: answers(it) })),
      };
    },
  };

  /** What the question's words mean by the groups of synonyms, until these are too many words. */
  function meaningsOf(query: string, words: readonly string[], means: Synonyms): Meaning[] {
    let many = 0;
    return means
      .meanings(query)
      .map(({ said, others }) => ({
        said: [...new Set(said.flatMap(cut))].filter((word) => words.includes(word)),
        others: others.map((way) => [...new Set(cut(way))]).filter((way) => way.length > 0),
      }))
      .filter(({ others }) => {
        many += others.flat().length;
        return many <= MOST_OTHER_WORDS;
      });
  }

  function judged(
    chunk: StoredChunk,
    share: number,
    { words, asked, unsaid }: { words: string[]; asked: readonly Concept[]; unsaid: number },
  ): Scored {
    const { document, heading, question, text } = chunk;
    const likeness = question === null ? 0 : overlap(new Set(cut(question)), words);
    const said = foldedText([document.title, heading, question ?? "", text].join("\n"));
    return {
      chunk,
      share,
      covered: coverage(asked, said, unsaid),
      isSameQuestion: likeness >= SAME_QUESTION,
    };
  }
}

function byAnswer(one: Scored, other: Scored): number {
  const order = ({ covered, share }: Scored) => covered + SHARE_IN_ORDER * share;
  return (
    Number(other.isSameQuestion) - Number(one.isSameQuestion) ||
    order(other) - order(one) ||
    one.chunk.seq - other.chunk.seq
  );
}

/** Those that are known, rarest first, until enough places would be read; the rarest there is is always read. */
function rarest(words: readonly string[], frequencies: ReadonlyMap<string, number>): string[] {
  const places = (word: string) => frequencies.get(word) ?? 0;
  let read = 0;
  return words
    .filter((word) => places(word) > 0)
    .sort((one, other) => places(one) - places(other))
    .filter((word, at) => {
      read += places(word);
      return at === 0 || read <= MOST_PLACES;
    });
}

/** Words that both have, as a share of what they have on average (Dice). */
function overlap(written: ReadonlySet<string>, asked: readonly string[]): number {
  const both = asked.filter((word) => written.has(word)).length;
  return (2 * both) / (written.size + asked.length);
}

function scoreOf({ covered, share }: Scored): number {
  return (covered + SHARE_IN_SCORE * Math.min(1, share)) / (1 + SHARE_IN_SCORE);
}

function isAnswer(scored: Scored): boolean {
  return scored.isSameQuestion || scoreOf(scored) >= ENOUGH;
}

function toFound(scored: Scored): Omit<KnowledgeChunk, "answers"> {
  const { chunk } = scored;
  const { id, text, heading, document } = chunk;
  return {
    id,
    text: chunk.question === null && heading !== "" ? `${heading}\n${text}` : text,
    score: scoreOf(scored),
    source: {
      document_id: document.id,
      title: document.title,
      ...(document.url === null ? {} : { url: document.url }),
    },
  };
}
