import type { FoldedText, Span } from "./text-folding.ts";

const CONTEXT = 6;
const LONGEST_ACCIDENT = 4;
/** 存根上, 流水上: where something is, not a part of a word, however the two are cut. */
const LOCATIVES: readonly string[] = ["上", "里", "中", "内", "下"];
const segmenter = new Intl.Segmenter("zh", { granularity: "word" });

const segmented = new WeakMap<FoldedText, ReadonlySet<number>>();

/**
 * Whether a match begins inside another word, like 色情 in 颜色情况: cutting the text there needs more pieces, or
 * more pieces of one character, than leaving the words whole. One that only ends inside a word may be a stem (衣服脱
 * in 衣服脱掉).
 *
 * @param open - words that are a term's own ending: 毕业证 in 毕业证书 is no accident
 */
export function isAcrossWords(folded: FoldedText, { start, end }: Span, open: ReadonlySet<string>): boolean {
  const { text } = folded;
  if (end - start > LONGEST_ACCIDENT) return false;
  const edges = edgesOf(folded);
  if (edges.has(start)) return false;

  let from = Math.max(0, start - CONTEXT);
  while (!edges.has(from)) from -= 1;
  let to = Math.min(text.length, end + CONTEXT);
  while (!edges.has(to)) to += 1;

  const natural: string[] = [];
  for (let at = from, next = from + 1; next <= to; next += 1) {
    if (!edges.has(next)) continue;
    const word = text.slice(at, next);
    const holds = at <= start && next >= end;
    const isCut = (at < start && next > start) || (at < end && next > end);
    if (holds || (isCut && open.has(word))) return false;
    natural.push(word);
    at = next;
  }
  const forced = [
    ...wordsIn(text.slice(from, start)),
    text.slice(start, end),
    ...wordsIn(text.slice(end, to)),
  ];
  return costOf(forced) > costOf(natural);
}

/**
 * Whether a match ends inside a word that it did not begin, like 假条 in 假|条纹 and 凭证 in 凭|证据: the buyer says
 * that word. Not for verbs, which may go on (衣服脱 in 衣服脱掉).
 *
 * @param open - words that are a name's own ending
 */
export function endsInsideWord(folded: FoldedText, { start, end }: Span, open: ReadonlySet<string>): boolean {
  const { text } = folded;
  const edges = edgesOf(folded);
  if (end - start > LONGEST_ACCIDENT || edges.has(end)) return false;
  let from = end;
  while (!edges.has(from)) from -= 1;
  let to = end;
  while (!edges.has(to)) to += 1;
  return from > start && !open.has(text.slice(from, to)) && !LOCATIVES.includes(text.slice(end, to));
}

/** Whether a word begins here: 考 of 高考 is no verb. */
export function beginsWord(folded: FoldedText, at: number): boolean {
  return edgesOf(folded).has(at);
}

/** Whether a character guessed by its sound is part of an ordinary word: 漂 in 小漂亮 is no 票, but 途 in 截途上 is 图. */
export function isGuessInWord(folded: FoldedText, guesses: readonly number[]): boolean {
  if (guesses.length === 0) return false;
  const edges = edgesOf(folded);
  const isBesideLocative = (at: number) =>
    edges.has(at + 2) && LOCATIVES.includes(folded.text.charAt(at + 1));
  return guesses.some((at) => !edges.has(at) || !(edges.has(at + 1) || isBesideLocative(at)));
}

function edgesOf(folded: FoldedText): ReadonlySet<number> {
  const known = segmented.get(folded);
  if (known !== undefined) return known;
  const edges = new Set([0, folded.text.length]);
  for (const { index } of segmenter.segment(folded.text)) edges.add(index);
  segmented.set(folded, edges);
  return edges;
}

function wordsIn(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

function costOf(words: readonly string[]): number {
  return words.length + words.filter((word) => [...word].length === 1).length / 100;
}
