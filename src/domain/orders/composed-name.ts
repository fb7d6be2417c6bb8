import type { RiskLexicon } from "./risk-lexicon.ts";
import { findTerms } from "./term-set.ts";
import { type FoldedText, findPattern, type Match, type Span } from "./text-folding.ts";

const MOST_LINKS = 5;
const MOST_UNKNOWN = 3;

type Between = {
  fields: readonly Match[];
  middles: readonly Match[];
  links: string;
  /** Characters between that may say anything: 渔业 + 捕捞 + 许可. */
  unknown: number;
  stops: RegExp;
};

/**
 * Papers by what they are and what they are of: 林权 + 证, 肝功能 + 那份 + 单子, 住院 + 费用 + 结算 + 单. In Chinese the
 * kind comes last, and all between must be fields of life too, or words that link.
 */
export function composedNames(
  words: FoldedText,
  group: RiskLexicon["groups"][number],
  lexicon: RiskLexicon,
): Match[] {
  const named = group.papers.patterns.flatMap((pattern) => findPattern(words, pattern)).map(asRead);
  const composed = composedParts(words, group, lexicon).map(({ field, head }) => ({
    ...head,
    start: field.start,
    guesses: [...field.guesses, ...head.guesses],
  }));
  return [...named, ...composed];
}

type Parts = { field: Match; head: Match };

function composedParts(
  words: FoldedText,
  { papers }: RiskLexicon["groups"][number],
  { paperHeads, paperLinks, paperMiddles, phraseStops }: RiskLexicon,
): Parts[] {
  const fields = findTerms(words, papers.of);
  if (fields.length === 0) return [];
  const middles = findTerms(words, paperMiddles);
  const between = { fields, middles, links: paperLinks, stops: phraseStops };
  const compose = (heads: readonly Match[], unknown: number) =>
    heads.flatMap((head) => {
      const field = fieldBefore(words, head.start, { ...between, unknown });
      return field === null ? [] : [{ field, head }];
    });
  return [
    ...compose(findTerms(words, papers.heads), 0),
    ...compose(findTerms(words, paperHeads), MOST_UNKNOWN),
  ];
}

type Inside = { fields: Uint8Array; fieldEnds: Uint32Array; heads: Uint8Array };

const insideByText = new WeakMap<FoldedText, Inside>();

/**
 * 停车牌 in 停车 + 牌照, 标签 in 开标 + 签名: what begins inside the field or ends inside the kind reads across both. 美发 in
 * 美发师 + 证 is only a part of the field.
 */
export function cutsComposedName(folded: FoldedText, { start, end }: Span, lexicon: RiskLexicon): boolean {
  const known = insideByText.get(folded);
  const inside = known ?? insideNames(folded, lexicon);
  if (known === undefined) insideByText.set(folded, inside);
  return inside.fields[start] === 1 || inside.heads[end] === 1 || (inside.fieldEnds[start] ?? 0) > end;
}

function insideNames(folded: FoldedText, lexicon: RiskLexicon): Inside {
  const fields = new Uint8Array(folded.text.length + 1);
  const fieldEnds = new Uint32Array(folded.text.length + 1);
  const heads = new Uint8Array(folded.text.length + 1);
  const parts = lexicon.groups.flatMap((group) => composedParts(folded, group, lexicon));
  for (const { field, head } of parts) {
    fields.fill(1, field.start + 1, field.end);
    heads.fill(1, head.start + 1, head.end);
  }
  // 证 ends where 证书 goes on: an edge of one name is no inside of another.
  for (const { field, head } of parts) {
    fields[field.start] = 0;
    fieldEnds[field.start] = Math.max(fieldEnds[field.start] ?? 0, field.end);
    heads[head.end] = 0;
  }
  return { fields, fieldEnds, heads };
}

function asRead(span: Span): Match {
  return { ...span, guesses: [], isWild: false, isLiteral: true };
}

function fieldBefore({ text, origins }: FoldedText, start: number, between: Between): Match | null {
  let at = start;
  let unknown = 0;
  for (let linked = 0; linked <= MOST_LINKS + unknown; linked += 1) {
    const [field] = between.fields
      .filter(({ end }) => end === at)
      .sort((one, other) => one.guesses.length - other.guesses.length || one.start - other.start);
    if (field !== undefined) return field;
    const middle = between.middles.find(({ end }) => end === at);
    const char = text.charAt(at - 1);
    if (middle === undefined && !between.links.includes(char)) {
      unknown += 1;
      const isSpaced = (origins[at] ?? 0) - (origins[at - 1] ?? 0) > 1;
      if (unknown > between.unknown || isSpaced || between.stops.test(char)) return null;
    }
    if (at === 0 || char === "\n") return null;
    at = middle?.start ?? at - 1;
  }
  return null;
}
