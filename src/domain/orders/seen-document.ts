import { composedNames } from "./composed-name.ts";
import { cutsUnbroken, type RiskLexicon } from "./risk-lexicon.ts";
import { findAny, findEach, findTerms, type TermSet } from "./term-set.ts";
import { type FoldedText, type Span, sourceOf } from "./text-folding.ts";

const ADVERT_NEEDS_MORE = 2;
const TITLE_ALONE_CHARS = 8;
const TITLE_WITHIN_CHARS = 24;
const TITLE_STARTS_WITHIN_CHARS = 2;
const QUALIFIED_TITLE_STARTS_WITHIN_CHARS = 12;
const QUALIFIED_TITLE_NEEDS = 3;
/** A number, or lines enough to hold what a paper says. */
const HOLDS_A_VALUE = /\d|[^\n]\n[^\n]/u;
/** 死亡医学证明 + 书: what may stand between a name and the end of its line. */
const NAME_ENDS_LINE = /^(?:书|件|单|表|卡|本|联|页|正本|副本|样本|存根|复印件|电子版|\d)?\n/u;

/**
 * Which document the text in a picture comes from. Fields count, several of one family; the name alone only if nothing
 * else stands there. What is printed as an advert needs more fields: it lists the papers it is about.
 */
export function findSeen(
  ocr: FoldedText,
  group: RiskLexicon["groups"][number],
  lexicon: RiskLexicon,
): string | null {
  const { names, ocrAny, ocrFields } = group;
  const { adverts, fold } = lexicon;
  if (ocr.text.trim() === "") return null;
  const printed = fold(ocr.source);
  const isAdvert = findTerms(printed, adverts).some((term) => !cutsUnbroken(printed, term, lexicon));
  const strong = firstPlaces(ocr, ocrAny);
  const [sure] = strong;
  if (sure !== undefined && !isAdvert) return sourceOf(ocr, sure);

  if (ocr.text.length <= TITLE_ALONE_CHARS) {
    const title = findTerms(ocr, names).find(({ start, end }) => start <= 2 && ocr.text.length - end <= 2);
    if (title !== undefined) return sourceOf(ocr, title);
  }
  for (const { need, of } of ocrFields) {
    const fields = withoutOverlap([...strong, ...firstPlaces(ocr, of)]);
    if (fields.length >= need + (isAdvert ? ADVERT_NEEDS_MORE : 0))
      return fields.map((span) => sourceOf(ocr, span)).join(" ");
  }
  if (isAdvert) return null;
  return (
    titledPaper(ocr, group, lexicon) ??
    headedPaper(ocr, group, lexicon) ??
    paperOnFirstLine(ocr, group, lexicon)
  );
}

/**
 * 驾驶证 有效期限: a listed name on top and one field below, or three below 实用新型专利证书, which says first of what;
 * not 驾驶证皮套 or 身份证办理须知.
 */
function headedPaper(
  ocr: FoldedText,
  { names, ocrFields }: RiskLexicon["groups"][number],
  lexicon: RiskLexicon,
): string | null {
  const fields = [lexicon.ocrTitleFields.of, ...ocrFields.map(({ of }) => of)];
  const heads = (title: Span) => {
    if (title.start > QUALIFIED_TITLE_STARTS_WITHIN_CHARS || isMentioned(ocr.text.slice(title.end), lexicon))
      return false;
    const below = fields.flatMap((of) => firstPlaces(ocr, of)).filter(({ start }) => start >= title.end);
    const need = title.start <= TITLE_STARTS_WITHIN_CHARS ? 1 : QUALIFIED_TITLE_NEEDS;
    return withoutOverlap(below).length >= need;
  };
  const title = findTerms(ocr, names).find(heads);
  return title === undefined ? null : sourceOf(ocr, title);
}

/**
 * 体检报告 is all that the first line says, listed or composed, and something stands below it: 谷丙转氨酶 128. Not where a
 * thing to sell is printed too.
 */
function paperOnFirstLine(
  ocr: FoldedText,
  group: RiskLexicon["groups"][number],
  lexicon: RiskLexicon,
): string | null {
  const lineEnd = ocr.text.indexOf("\n");
  const below = ocr.text.slice(lineEnd + 1);
  if (lineEnd < 0 || lineEnd > TITLE_WITHIN_CHARS || !HOLDS_A_VALUE.test(below)) return null;
  if (isMentioned(below, lexicon)) return null;
  if (findAny(ocr, lexicon.products) !== null || findAny(ocr, lexicon.productEndings) !== null) return null;
  const names = [...findTerms(ocr, group.names), ...composedNames(ocr, group, lexicon)];
  const title = names.find(({ end }) => end <= lineEnd && NAME_ENDS_LINE.test(ocr.text.slice(end)));
  return title === undefined ? null : sourceOf(ocr, title);
}

/** 办理须知, 入场: what says after a name that the paper is only spoken of. */
function isMentioned(rest: string, { places }: RiskLexicon): boolean {
  return places.after.test(rest) || places.shownFor.test(rest);
}

/** 动物检疫合格证明 above 数量 and 签发: nobody listed it, but a paper has its name on top and fields below. */
function titledPaper(
  ocr: FoldedText,
  group: RiskLexicon["groups"][number],
  lexicon: RiskLexicon,
): string | null {
  const { need, of } = lexicon.ocrTitleFields;
  const title = composedNames(ocr, group, lexicon).find(({ end }) => end <= TITLE_WITHIN_CHARS);
  if (title === undefined) return null;
  const below = firstPlaces(ocr, of).filter(({ start }) => start >= title.end);
  return withoutOverlap(below).length >= need ? sourceOf(ocr, title) : null;
}

/** A field counts once, however often it stands there. */
function firstPlaces(ocr: FoldedText, fields: TermSet): Span[] {
  return findEach(ocr, fields).flatMap((places) => places.slice(0, 1));
}

/** 许可证编号 is one field, not two. */
function withoutOverlap(spans: readonly Span[]): Span[] {
  const kept: Span[] = [];
  for (const span of spans) {
    if (!kept.some(({ start, end }) => span.start < end && start < span.end)) kept.push(span);
  }
  return kept;
}
