import type { FoldedText } from "./text-folding.ts";
import { beginsWord } from "./word-borders.ts";

/** Half a character that no word has by itself. */
const RADICAL = /[讠亻疒扌钅彳氵纟犭彡覀灬昜叚尃]/u;

/**
 * 立早 is read as 章 wherever it stands, so that patterns and names see the same text. Parts that are words themselves
 * must begin and end where words do: not in 成立早 or 发音十分.
 */
export function joinSplit(folded: FoldedText, splits: ReadonlyMap<string, string>): FoldedText {
  const { text, source, origins } = folded;
  const found = [...splits].flatMap(([parts, whole]) =>
    placesOf(text, parts)
      .map((start) => ({ start, end: start + parts.length, whole }))
      .filter(
        ({ start, end }) => RADICAL.test(parts) || (beginsWord(folded, start) && beginsWord(folded, end)),
      ),
  );
  if (found.length === 0) return folded;
  let joined = "";
  const joinedOrigins: number[] = [];
  let done = 0;
  for (const { start, end, whole } of found.sort((one, other) => one.start - other.start)) {
    if (start < done) continue;
    joined += text.slice(done, start) + whole;
    joinedOrigins.push(...origins.slice(done, start), origins[start] ?? 0);
    done = end;
  }
  return {
    text: joined + text.slice(done),
    source,
    origins: [...joinedOrigins, ...origins.slice(done)],
  };
}

function placesOf(text: string, parts: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(parts); at >= 0; at = text.indexOf(parts, at + parts.length)) places.push(at);
  return places;
}
