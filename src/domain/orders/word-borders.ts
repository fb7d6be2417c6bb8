import type { FoldedText, Span } from "./text-folding.ts";

const CONTEXT = 6;
const LONGEST_ACCIDENT = 4;
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
