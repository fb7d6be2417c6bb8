import { findAny, type RiskLexicon } from "./risk-lexicon.ts";
import { type FoldedText, findTerm, type Span, sourceOf } from "./text-folding.ts";

const ADVERT_NEEDS_MORE = 2;
const TITLE_ALONE_CHARS = 8;

/**
 * Which document the text in a picture comes from. Fields count, several of one family; the name alone only if nothing
 * else stands there. What is printed as an advert needs more fields: it lists the papers it is about.
 */
export function findSeen(
  ocr: FoldedText,
  { terms, ocrAny, ocrFields }: RiskLexicon["groups"][number],
  { adverts, fold }: RiskLexicon,
): string | null {
  if (ocr.text.trim() === "") return null;
  const isAdvert = findAny(fold(ocr.source), adverts) !== null;
  const strong = ocrAny.flatMap((term) => findTerm(ocr, term).slice(0, 1));
  const [sure] = strong;
  if (sure !== undefined && !isAdvert) return sourceOf(ocr, sure);

  if (ocr.text.length <= TITLE_ALONE_CHARS) {
    const title = terms
      .flatMap((term) => findTerm(ocr, term))
      .find(({ start, end }) => start <= 2 && ocr.text.length - end <= 2);
    if (title !== undefined) return sourceOf(ocr, title);
  }
  for (const { need, of } of ocrFields) {
    const fields = withoutOverlap([...strong, ...of.flatMap((term) => findTerm(ocr, term).slice(0, 1))]);
    if (fields.length >= need + (isAdvert ? ADVERT_NEEDS_MORE : 0))
      return fields.map((span) => sourceOf(ocr, span)).join(" ");
  }
  return null;
}

/** 许可证编号 is one field, not two. */
function withoutOverlap(spans: readonly Span[]): Span[] {
  const kept: Span[] = [];
  for (const span of spans) {
    if (!kept.some(({ start, end }) => span.start < end && start < span.end)) kept.push(span);
  }
  return kept;
}
