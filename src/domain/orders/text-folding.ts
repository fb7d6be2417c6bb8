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

/** 发🎫 says 票, 身份🪪 only its last 证; in 发🎫票 the same mark only stands between. */
function readEmoji(original: string, source: string, index: number, emoji: Folding["emoji"]): string {
  const reading = Object.hasOwn(emoji, original) ? emoji[original] : undefined;
  if (reading === undefined) return original;
  const after = /^[\uFE0F\u200D]?(.)/u.exec(source.slice(index + original.length))?.[1] ?? " ";
  if (reading.includes(after)) return original;
  const before = source.slice(0, index);
  for (let said = reading.length; said > 0; said -= 1) {
    if (before.endsWith(reading.slice(0, said))) return reading.slice(said);
  }
  return reading.includes(before.at(-1) ?? " ") ? original : reading;
}

export type Span = { start: number; end: number };

/** The words as they were written. */
export function sourceOf(folded: FoldedText, { start, end }: Span): string {
  const from = folded.origins[start] ?? 0;
  const to = folded.origins[end] ?? folded.source.length;
  return folded.source.slice(from, to).trim();
}

/** Which line a span is in, by where the break before it stands. */
export function lineOf({ text }: FoldedText, { start }: Span): number {
  return start === 0 ? -1 : text.lastIndexOf("\n", start - 1);
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

/**
 * How a character of a term may be written. An initial only counts in a term that is otherwise plain; a homophone only
 * where it makes no word of its own.
 */
type Spelling = { text: string; kind: "plain" | "sound" | "alike" | "initial" | "homophone" };
type Place = { spellings: Spelling[]; homophones: string } | "gap";
export type Term = { places: Place[]; edges: { start: boolean; end: boolean } };
/** Where a term was read, which of its characters were guessed by their sound, and whether all stand as themselves. */
export type Match = Span & { guesses: readonly number[]; isWild: boolean; isLiteral: boolean };

type Spellings = Pick<Folding, "characters" | "glyphs"> &
  Partial<Pick<Folding, "syllables" | "common" | "not_initials">>;

/** exact: written plainly only; spelled: or as its sounds, or in parts; disguised: or with homophones */
export type Writing = "exact" | "spelled" | "disguised";

export function compileTerm(written: string, folding: Spellings, writing: Writing): Term {
  const chars = [...foldDisguise(written.replaceAll("*", "\n"), folding.characters).text];
  const isLong = chars.length >= 3;
  const places = chars.map((char): Place => {
    if (char === "\n") return "gap";
    const plain: Spelling = { text: char, kind: "plain" };
    if (writing === "exact") return { spellings: [plain], homophones: "" };
    const glyph = Object.hasOwn(folding.glyphs, char) ? folding.glyphs[char] : undefined;
    const syllable = syllableOf(char, folding.syllables);
    const sounds = [...new Set([glyph?.sound, syllable])].filter((sound) => sound !== undefined);
    const heard = [...(glyph?.split ?? []), ...sounds].map((text): Spelling => ({ text, kind: "sound" }));
    if (writing === "spelled") return { spellings: [plain, ...heard], homophones: "" };
    const spellings: Spelling[] = [
      plain,
      ...heard,
      ...[...(glyph?.alike ?? "")].map((text): Spelling => ({ text, kind: "alike" })),
      ...(isLong ? sounds.map((sound): Spelling => ({ text: sound.slice(0, 1), kind: "initial" })) : []),
    ];
    const alike = syllable === undefined ? "" : (folding.syllables?.[syllable] ?? "");
    return { spellings, homophones: withoutCommon(alike, `${char}${folding.common ?? ""}`) };
  });
  return {
    places,
    edges: { start: isAscii(chars[0]), end: isAscii(chars.at(-1)) },
  };
}

/** 身份证 is also written sfz: the first letters of what has at least three characters. */
export function initialsOf(terms: readonly string[], folding: Spellings): string[] {
  return terms.flatMap((term) => {
    const chars = [...term];
    const sounds = chars.map((char) => folding.glyphs[char]?.sound ?? syllableOf(char, folding.syllables));
    const isNamed = chars.length >= 3 && sounds.every((sound) => sound !== undefined);
    const written = sounds.map((sound) => sound?.charAt(0) ?? "").join("");
    return isNamed && folding.not_initials?.includes(written) !== true ? [written] : [];
  });
}

const syllablesByChar = new WeakMap<object, ReadonlyMap<string, string>>();

function syllableOf(char: string, syllables: Folding["syllables"] | undefined): string | undefined {
  if (syllables === undefined) return undefined;
  let known = syllablesByChar.get(syllables);
  if (known === undefined) {
    known = new Map(
      Object.entries(syllables).flatMap(([sound, alike]) => [...alike].map((one) => [one, sound])),
    );
    syllablesByChar.set(syllables, known);
  }
  return known.get(char);
}

function withoutCommon(chars: string, common: string): string {
  return [...chars].filter((char) => !common.includes(char)).join("");
}

/** Every character a reading of the term may begin with; null: any, it begins with a gap. */
export function openingsOf({ places: [opening] }: Term): string[] | null {
  if (opening === undefined || opening === "gap") return null;
  return [...new Set([...opening.spellings.map(({ text }) => text.charAt(0)), ...opening.homophones])];
}

/**
 * The term as it is written from here on, or null.
 *
 * @param wild - also if no character of it is written as itself
 */
export function readTerm(folded: FoldedText, term: Term, start: number, wild = false): Match | null {
  const read = readFrom(folded.text, term.places, 0, start, NOTHING_READ, wild);
  if (read === null || isInsideWord(folded, term, { start, end: read.end })) return null;
  return { start, end: read.end, guesses: read.guesses, isWild: read.plain === 0, isLiteral: read.odd === 0 };
}

/** Every place a pattern matches, as it reads in the folded text. Runs the pattern itself: matchAll copies it each time. */
export function findPattern({ text }: FoldedText, pattern: RegExp): Span[] {
  const spans: Span[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === "") pattern.lastIndex += 1;
    else spans.push({ start: match.index, end: pattern.lastIndex });
  }
  return spans;
}

type Tally = { plain: number; odd: number; initials: number; guesses: readonly number[] };
const NOTHING_READ: Tally = { plain: 0, odd: 0, initials: 0, guesses: [] };

function readFrom(
  text: string,
  places: readonly Place[],
  at: number,
  index: number,
  tally: Tally,
  wild: boolean,
): (Tally & { end: number }) | null {
  const place = places[at];
  if (place === undefined) return isCredible(tally, wild) ? { ...tally, end: index } : null;
  if (place === "gap") {
    for (let skipped = 0; skipped <= MAX_GAP; skipped += 1) {
      if (skipped > 0 && (index + skipped > text.length || text[index + skipped - 1] === "\n")) return null;
      const read = readFrom(text, places, at + 1, index + skipped, tally, wild);
      if (read !== null) return read;
    }
    return null;
  }
  for (const spelling of place.spellings) {
    if (!text.startsWith(spelling.text, index)) continue;
    const next = count(tally, spelling.kind, index);
    const read = readFrom(text, places, at + 1, index + spelling.text.length, next, wild);
    if (read !== null) return read;
  }
  const char = text.charAt(index);
  if (char === "" || !place.homophones.includes(char)) return null;
  return readFrom(text, places, at + 1, index + 1, count(tally, "homophone", index), wild);
}

function count(tally: Tally, kind: Spelling["kind"], index: number): Tally {
  return {
    plain: tally.plain + (kind === "plain" || kind === "sound" ? 1 : 0),
    odd: tally.odd + (kind === "plain" ? 0 : 1),
    initials: tally.initials + (kind === "initial" ? 1 : 0),
    guesses: kind === "homophone" ? [...tally.guesses, index] : tally.guesses,
  };
}

/** Something must really be spelled out: all homophones would turn half the language into the term. */
function isCredible({ plain, odd, initials }: Tally, wild: boolean): boolean {
  if (plain === 0) return wild && initials === 0;
  return initials === 0 || (initials === 1 && odd === 1);
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
