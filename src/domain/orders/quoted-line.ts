import type { RiskLexicon } from "./risk-lexicon.ts";
import { findAny } from "./term-set.ts";
import type { FoldedText, Span } from "./text-folding.ts";

const QUOTED = /[“"「『](?<inside>[^“”"「」『』\n]{1,40})[”"」』]/gu;

/** “领鸡蛋需带身份证” is a line of text that names one; “身份证” alone may be a disguise. */
export function isQuotedLine(words: FoldedText, span: Span, lexicon: RiskLexicon): boolean {
  const { fold, places, quotedExcept } = lexicon;
  const from = words.origins[span.start] ?? 0;
  const to = words.origins[span.end - 1] ?? 0;
  const quote = [...words.source.matchAll(QUOTED)].find(
    (match) => match.index < from && match.index + match[0].length > to,
  );
  if (quote === undefined) return false;
  const inside = fold(quote.groups?.inside ?? "");
  if (findAny(inside, quotedExcept) !== null) return false;

  const ends = quote.index + quote[0].length;
  return (
    places.lineAfter.test(fold(words.source.slice(ends, ends + 10)).text) ||
    places.lineBefore.test(fold(words.source.slice(Math.max(0, quote.index - 8), quote.index)).text) ||
    inside.text.length > span.end - span.start + 1
  );
}
