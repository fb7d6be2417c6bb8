import { cutsUnbroken, findPatterns, type RiskLexicon } from "./risk-lexicon.ts";
import type { WordRule } from "./risk-rules.ts";
import { findAny, findEach, findTerms, type TermSet } from "./term-set.ts";
import { type FoldedText, findPattern, lineOf, type Match, type Span, sourceOf } from "./text-folding.ts";
import { endsInsideWord, isAcrossWords, isGuessInWord } from "./word-borders.ts";

export type SaidText = {
  plain: FoldedText;
  /** Look-alikes blanked out, as in ocr; seen: before. */
  words: FoldedText;
  seen: FoldedText;
  ocr: FoldedText;
};

/** The word rules that were broken, by the buyer's words or by what a picture says, and by which words. */
export function matchWordRules(text: SaidText, lexicon: RiskLexicon): { rule: WordRule; evidence: string }[] {
  return lexicon.rules.flatMap((compiled) => {
    const { rule, any, inPictures } = compiled;
    const spoken = rule.before_lookalikes ? text.plain : text.words;
    // Each by itself: a harmless word of the buyer must not hide what the picture says.
    const evidence =
      matchWordRule(compiled, any, { where: spoken, whole: text.plain, isOneSaying: false }, lexicon) ??
      (rule.in_pictures
        ? matchWordRule(
            compiled,
            inPictures,
            { where: text.ocr, whole: text.seen, isOneSaying: true },
            lexicon,
          )
        : null);
    return evidence === null ? [] : [{ rule, evidence }];
  });
}

/**
 * What was said against a rule, unless one of its excuses is there too. An excuse that contains a term (彩金项链)
 * excuses that term only, whatever else was said; any other (禁毒) is about all that is said with it. In the buyer's
 * words that is its line: what one message forbids no other one clears. The text of a picture is one saying.
 *
 * @param text.whole - where excuses and borders of words are looked for: `where` before anything was blanked out
 */
function matchWordRule(
  { rule, patterns, with: companions, without, withoutPatterns }: RiskLexicon["rules"][number],
  terms: TermSet,
  { where, whole, isOneSaying }: { where: FoldedText; whole: FoldedText; isOneSaying: boolean },
  lexicon: RiskLexicon,
): string | null {
  const isWarnedOf = ({ start }: Span) =>
    rule.negatable && lexicon.negatedBefore.test(where.text.slice(Math.max(0, start - 12), start));
  const matches = [
    ...findEach(where, terms).map((places) =>
      places.filter((match) => !isAccident(whole, match, rule, lexicon)),
    ),
    ...patterns.map((pattern) =>
      findPattern(where, pattern).filter((span) => !cutsUnbroken(whole, span, lexicon)),
    ),
  ]
    .map((spans) => spans.filter((span) => !isWarnedOf(span)))
    .filter((spans) => spans.length > 0);
  if (matches.length === 0) return null;
  if (companions.terms.length > 0 && findAny(where, companions) === null) return null;
  const excuses = [...findTerms(whole, without), ...findPatterns(whole, withoutPatterns)];
  const sayingOf = (span: Span) => (isOneSaying ? 0 : lineOf(whole, span));
  for (const saying of new Set(matches.flat().map(sayingOf))) {
    const isSaidHere = (span: Span) => sayingOf(span) === saying;
    const span = firstUnexcused(
      whole,
      matches.map((spans) => spans.filter(isSaidHere)),
      excuses.filter(isSaidHere),
    );
    if (span !== undefined) return sourceOf(where, span);
  }
  return null;
}

function firstUnexcused(
  whole: FoldedText,
  matches: readonly (readonly Span[])[],
  excuses: readonly Span[],
): Span | undefined {
  if (!excuses.every(createTouching(whole, matches.flat()))) return undefined;
  const touchesExcuse = createTouching(whole, excuses);
  return matches.find((spans) => spans.length > 0 && !spans.some(touchesExcuse))?.[0];
}

function isAccident(
  whole: FoldedText,
  match: Match,
  rule: { before_lookalikes: boolean; class: string },
  lexicon: RiskLexicon,
): boolean {
  return (
    cutsUnbroken(whole, match, lexicon) ||
    isGuessInWord(whole, match.guesses) ||
    (!rule.before_lookalikes && isAcrossWords(whole, match, lexicon.openWords)) ||
    (rule.class === "forgery" && match.isLiteral && endsInsideWord(whole, match, lexicon.openWords))
  );
}

/** Whether a span shares a character with one of these. */
function createTouching({ text }: FoldedText, spans: readonly Span[]): (span: Span) => boolean {
  const covered = new Uint8Array(text.length);
  for (const { start, end } of spans) covered.fill(1, start, end);
  return ({ start, end }) => covered.subarray(start, end).includes(1);
}
