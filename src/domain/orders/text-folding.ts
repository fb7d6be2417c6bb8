import type { RiskRules } from "./risk-rules.ts";

type Folding = RiskRules["folding"];

/** Text without its disguise, and where each character of it stood in the source. */
export type FoldedText = { text: string; source: string; origins: number[] };

/** Stands where a look-alike was; no term contains it. */
const BLANK = "\uFFFC";
const MAX_GAP = 6;

/**
 * Compatibility forms, case and traditional characters are unified; spaces, punctuation, emoji and invisible
 * characters between characters go. A line break stays: it separates messages.
 */
export function foldDisguise(
  source: string,
  characters: Folding["characters"],
  emoji: Folding["emoji"] = {},
): FoldedText {
  let text = "";
  const origins: number[] = [];
  let index = 0;
  for (const original of source) {
    for (const char of readEmoji(original, source, index, emoji).normalize("NFKC").toLowerCase()) {
      if (char !== "\n" && !/[\p{L}\p{N}]/u.test(char)) continue;
      const unified = Object.hasOwn(characters, char) ? (characters[char] ?? char) : char;
      text += unified;
      for (let unit = 0; unit < unified.length; unit += 1) origins.push(index);
    }
    index += original.length;
  }
  return { text, source, origins };
}

/** 发🎫 says 票; in 发🎫票 the same mark only stands between. */
function readEmoji(original: string, source: string, index: number, emoji: Folding["emoji"]): string {
  const reading = Object.hasOwn(emoji, original) ? emoji[original] : undefined;
  if (reading === undefined) return original;
  const before = source[index - 1] ?? " ";
  const after = /^[\uFE0F\u200D]?(.)/u.exec(source.slice(index + original.length))?.[1] ?? " ";
  return reading.includes(before) || reading.includes(after) ? original : reading;
}

export type Span = { start: number; end: number };

/** The words as they were written. */
export function sourceOf(folded: FoldedText, { start, end }: Span): string {
  const from = folded.origins[start] ?? 0;
  const to = folded.origins[end] ?? folded.source.length;
  return folded.source.slice(from, to).trim();
}

export function blankOut(folded: FoldedText, spans: readonly Span[]): FoldedText {
  if (spans.length === 0) return folded;
  // One pass: spans overlap, and a long text that is all look-alikes has as many spans as characters.
  const pieces: string[] = [];
  let done = 0;
  for (const { start, end } of [...spans].sort((one, other) => one.start - other.start)) {
    if (end <= done) continue;
    const from = Math.max(start, done);
    pieces.push(folded.text.slice(done, from), BLANK.repeat(end - from));
    done = end;
  }
  return { ...folded, text: pieces.join("") + folded.text.slice(done) };
}

/** How a character of a term may be written. An initial only counts in a term that is otherwise plain. */
type Spelling = { text: string; kind: "plain" | "sound" | "alike" | "initial" };
type Place = Spelling[] | "gap";
export type Term = { places: Place[]; edges: { start: boolean; end: boolean } };

/** @param exact - written plainly only: no homophones, no pinyin */
export function compileTerm(
  written: string,
  folding: Pick<Folding, "characters" | "glyphs">,
  exact: boolean,
): Term {
  const chars = [...foldDisguise(written.replaceAll("*", "\n"), folding.characters).text];
  const isLong = chars.length >= 3;
  const places = chars.map((char): Place => {
    if (char === "\n") return "gap";
    const plain: Spelling = { text: char, kind: "plain" };
    const glyph = exact || !Object.hasOwn(folding.glyphs, char) ? undefined : folding.glyphs[char];
    if (glyph === undefined) return [plain];
    const { sound } = glyph;
    return [
      plain,
      ...glyph.split.map((text): Spelling => ({ text, kind: "sound" })),
      ...(sound === undefined ? [] : [{ text: sound, kind: "sound" } as const]),
      ...[...glyph.alike].map((text): Spelling => ({ text, kind: "alike" })),
      ...(sound !== undefined && isLong ? [{ text: sound.slice(0, 1), kind: "initial" } as const] : []),
    ];
  });
  return {
    places,
    edges: { start: isAscii(chars[0]), end: isAscii(chars.at(-1)) },
  };
}

/** Every place where the term is written, leftmost first, not overlapping. */
export function findTerm(folded: FoldedText, term: Term): Span[] {
  const spans: Span[] = [];
  const [opening] = term.places;
  // Most terms begin in one way only: the text between two such characters is not worth a look.
  const only = Array.isArray(opening) && opening.length === 1 ? opening[0]?.text : undefined;
  for (let start = 0; start < folded.text.length; start += 1) {
    if (only !== undefined) start = folded.text.indexOf(only, start);
    if (start < 0) break;
    const end = matchFrom(folded.text, term.places, 0, start, { plain: 0, odd: 0, initials: 0 });
    if (end === null || isInsideWord(folded, term, { start, end })) continue;
    spans.push({ start, end });
    start = end - 1;
  }
  return spans;
}

/** Every place a pattern matches, as it reads in the folded text. */
export function findPattern({ text }: FoldedText, pattern: RegExp): Span[] {
  return [...text.matchAll(pattern)]
    .filter(([match]) => match !== "")
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

type Tally = { plain: number; odd: number; initials: number };

function matchFrom(
  text: string,
  places: readonly Place[],
  at: number,
  index: number,
  tally: Tally,
): number | null {
  const place = places[at];
  if (place === undefined) return isCredible(tally) ? index : null;
  if (place === "gap") {
    for (let skipped = 0; skipped <= MAX_GAP; skipped += 1) {
      if (skipped > 0 && (index + skipped > text.length || text[index + skipped - 1] === "\n")) return null;
      const end = matchFrom(text, places, at + 1, index + skipped, tally);
      if (end !== null) return end;
    }
    return null;
  }
  for (const spelling of place) {
    if (!text.startsWith(spelling.text, index)) continue;
    const end = matchFrom(text, places, at + 1, index + spelling.text.length, count(tally, spelling.kind));
    if (end !== null) return end;
  }
  return null;
}

function count(tally: Tally, kind: Spelling["kind"]): Tally {
  return {
    plain: tally.plain + (kind === "plain" || kind === "sound" ? 1 : 0),
    odd: tally.odd + (kind === "plain" ? 0 : 1),
    initials: tally.initials + (kind === "initial" ? 1 : 0),
  };
}

/** Something must really be spelled out: all homophones would turn half the language into the term. */
function isCredible({ plain, odd, initials }: Tally): boolean {
  return plain > 0 && (initials === 0 || (initials === 1 && odd === 1));
}

/** "p" is a term, the p of "jpg" is not: a term that begins or ends in Latin or digits needs an edge there. */
function isInsideWord({ text, origins }: FoldedText, term: Term, { start, end }: Span): boolean {
  const isJoined = (index: number) =>
    origins[index] === (origins[index - 1] ?? -2) + 1 && isSameScript(text[index - 1], text[index]);
  return (
    (term.edges.start && start > 0 && isJoined(start)) ||
    (term.edges.end && end < text.length && isJoined(end))
  );
}

function isAscii(char: string | undefined): boolean {
  return char !== undefined && /[a-z0-9]/.test(char);
}

function isSameScript(one: string | undefined, other: string | undefined): boolean {
  return [/[a-z]/, /[0-9]/].some((script) => script.test(one ?? "") && script.test(other ?? ""));
}
