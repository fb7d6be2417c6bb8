import type { RiskLexicon } from "./risk-lexicon.ts";
import type { FoldedText, Span } from "./text-folding.ts";

const LONGEST_PHRASE = 14;

/**
 * What the phrase is about that begins with this name. In Chinese the head comes last: a 发票打孔器 is a punch, the
 * 寸照 of 驾照体检拍的寸照 a portrait. The phrase ends with the first verb, or where the buyer set a space or a mark.
 */
export function headOfPhrase(
  words: FoldedText,
  { end }: Span,
  { places, phraseStops }: RiskLexicon,
): "document" | "product" | "portrait" {
  const rest = unspacedFrom(words, end);
  const stop = phraseStops.exec(rest);
  const phrase = rest.slice(0, stop?.index ?? rest.length);
  if (places.portraitHead.test(phrase)) return "portrait";
  const isOfName = /^[的上里]/u.test(phrase) && !places.container.test(words.text.slice(0, end));
  return !isOfName && places.productHead.test(phrase) ? "product" : "document";
}

/** What follows without a space or a mark between. */
function unspacedFrom({ text, origins }: FoldedText, from: number): string {
  let to = from;
  while (to < text.length && to < from + LONGEST_PHRASE && isJoined(origins, to) && text[to] !== "\n")
    to += 1;
  return text.slice(from, to);
}

function isJoined(origins: readonly number[], at: number): boolean {
  return (origins[at] ?? 0) - (origins[at - 1] ?? -1) <= 1;
}
