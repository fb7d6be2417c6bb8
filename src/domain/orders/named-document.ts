import { composedNames } from "./composed-name.ts";
import { headOfPhrase } from "./phrase-head.ts";
import { isQuotedLine } from "./quoted-line.ts";
import { cutsUnbroken, findPatterns, type RiskLexicon } from "./risk-lexicon.ts";
import { findEach, findTerms } from "./term-set.ts";
import { type FoldedText, findPattern, lineOf, type Match, type Span, sourceOf } from "./text-folding.ts";
import { beginsWord, endsInsideWord, isAcrossWords, isGuessInWord } from "./word-borders.ts";

type Group = RiskLexicon["groups"][number];
export type Naming = {
  plain: FoldedText;
  words: FoldedText;
  /** Where the lines begin that speak of a thing to sell, and of printed matter. */
  productLines: ReadonlySet<number>;
  mediumLines: ReadonlySet<number>;
};
/** As written; a name nobody listed is sure only of what is done to it. */
export type Named = { evidence: string; isListed: boolean };

/** Where the buyer names a document of this group and means it. */
export function findNamed(naming: Naming, group: Group, lexicon: RiskLexicon): Named | null {
  const { words } = naming;
  const talk = talkLines(words, group.group.id, lexicon);
  const reach = reachOf(naming, group, lexicon);
  const isReal = (match: Match) => {
    if (talk.size > 0 && talk.has(lineOf(words, match))) return false;
    const whole = { start: match.start, end: Math.max(match.end, reach[match.start] ?? 0) };
    return isMeant(naming, whole, group, lexicon);
  };
  for (const find of namesOf(naming, group, lexicon)) {
    const listed = find().find(isReal);
    if (listed !== undefined) return { evidence: sourceOf(words, listed), isListed: true };
  }
  const composed = [...composedNames(words, group, lexicon), ...changedFields(words, group, lexicon)].find(
    (match) => !isAccident(naming.plain, match, lexicon) && isReal(match),
  );
  return composed === undefined ? null : { evidence: sourceOf(words, composed), isListed: false };
}

/** How far the names go that begin here or before: 荣誉证 is only the beginning of 荣誉证书. */
function reachOf({ plain, words }: Naming, { names }: Group, lexicon: RiskLexicon): Uint32Array {
  const reach = new Uint32Array(words.text.length + 1);
  for (const match of findTerms(words, names)) {
    if (match.isLiteral && !isAccident(plain, match, lexicon))
      reach[match.start] = Math.max(reach[match.start] ?? 0, match.end);
  }
  for (let at = 1; at < reach.length; at += 1) reach[at] = Math.max(reach[at] ?? 0, reach[at - 1] ?? 0);
  return reach;
}

function namesOf({ plain, words }: Naming, group: Group, lexicon: RiskLexicon): (() => Match[])[] {
  return [
    ...findEach(words, group.names, true).map(
      (places) => () =>
        places.filter(
          (match) =>
            !isAccident(plain, match, lexicon) && (!match.isWild || isWildMeant(plain, match, lexicon)),
        ),
    ),
    ...group.patterns.map(
      (pattern) => () =>
        findPattern(words, pattern)
          .filter((span) => !isAboutProduct(words, span, group, lexicon))
          .map(asRead),
    ),
  ];
}

/** 红章打孔器 抠白底: a pattern that goes on into the act has the thing to sell inside. */
function isAboutProduct(words: FoldedText, span: Span, group: Group, lexicon: RiskLexicon): boolean {
  return findTerms(words, group.names).some(
    (name) =>
      span.start <= name.start && name.end <= span.end && headOfPhrase(words, name, lexicon) === "product",
  );
}

function asRead(span: Span): Match {
  return { ...span, guesses: [], isWild: false, isLiteral: true };
}

/** 工张抠下来: no character is written as itself, so they may make no words, and something is done to them. */
function isWildMeant(plain: FoldedText, match: Match, { places }: RiskLexicon): boolean {
  const all = Array.from({ length: match.end - match.start }, (_unset, at) => match.start + at);
  return (
    !isGuessInWord(plain, all) &&
    (places.beforeName.test(plain.text.slice(0, match.start)) ||
      places.workedAfter.test(plain.text.slice(match.end)))
  );
}

/** 转氨酶 86 改成 36: a field that only such a paper has, and a value put into it. */
function changedFields(words: FoldedText, { fields }: Group, { places }: RiskLexicon): Match[] {
  return findTerms(words, fields).filter(({ start, end }) => {
    const line = words.text.indexOf("\n", end);
    return (
      places.fieldAfter.test(words.text.slice(end, line < 0 ? undefined : line)) ||
      places.fieldBefore.test(words.text.slice(0, start))
    );
  });
}

function isAccident(plain: FoldedText, match: Match, lexicon: RiskLexicon): boolean {
  return (
    cutsUnbroken(plain, match, lexicon) ||
    isGuessInWord(plain, match.guesses) ||
    isAcrossWords(plain, match, lexicon.openWords) ||
    (match.isLiteral && endsInsideWord(plain, match, lexicon.openWords))
  );
}

/** 发票开错了, 能盖章签一份吗: lines about our own shop's papers, unless something is to be forged. */
function talkLines(words: FoldedText, groupId: string, { talk }: RiskLexicon): ReadonlySet<number> {
  const spans = talk
    .filter(({ groups, unless }) => groups.includes(groupId) && findPatterns(words, unless).length === 0)
    .flatMap(({ about }) => findPatterns(words, about));
  return new Set(spans.map((span) => lineOf(words, span)));
}

function isMeant(
  { words, productLines, mediumLines }: Naming,
  span: Span,
  { group }: Group,
  lexicon: RiskLexicon,
): boolean {
  const { places } = lexicon;
  const before = words.text.slice(Math.max(0, span.start - 12), span.start);
  const after = words.text.slice(span.end, span.end + 30);
  const isWorkedOn = places.beforeName.test(before) || places.ofName.test(after);
  if (places.contents.test(after)) return true;
  if (productLines.has(lineOf(words, span)) && !isWorkedOn) return false;
  if (isOnlyMentioned(words, span, lexicon)) return false;
  const head = headOfPhrase(words, span, lexicon);
  if (head === "product" || head === "portrait") return false;
  if (!group.is_thing) return true;
  if (places.required.test(before) || places.after.test(after)) return false;
  if (isQuotedLine(words, span, lexicon)) return false;
  if (places.workedBefore.test(before)) return true;
  if (places.shownFor.test(after)) return false;
  if (places.workedAfter.test(after)) return true;
  return !mediumLines.has(lineOf(words, span)) && !places.before.test(before);
}

/** 发票夹 is a thing to sell; 考驾照 is a reason for a portrait. Neither is the document. */
function isOnlyMentioned(words: FoldedText, span: Span, lexicon: RiskLexicon): boolean {
  const follows = findTerms(words, lexicon.productEndings).some((ending) => ending.start === span.end);
  const precedes = findTerms(words, lexicon.purposeBeginnings).some(
    (beginning) => beginning.end === span.start && beginsWord(words, beginning.start),
  );
  const suffix = words.text[span.end];
  const bars = suffix === undefined ? undefined : lexicon.productSuffixes.get(suffix);
  const isThing = bars !== undefined && !bars.includes(words.text[span.end + 1] ?? " ");
  return follows || precedes || isThing;
}
