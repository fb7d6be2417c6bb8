import { z } from "zod";

const wordsSchema = z.object({
  words: z.array(z.string().min(1)).min(1),
  except: z.array(z.string().min(1)).default([]).describe("longer words that these are parts of"),
  unless: z.array(z.string().min(1)).default([]).describe("in the same clause: it is something else"),
  unless_asked_for: z
    .array(z.string().min(1))
    .default([])
    .describe("in the same clause: it is something else, but not where it is asked for politely"),
});
type Words = z.infer<typeof wordsSchema>;

/** config/helpdesk.yaml: what the IT desk's rules recognise. */
export const helpdeskLexiconSchema = z.object({
  handoff: wordsSchema,
  ticket: wordsSchema,
  greeting: wordsSchema,
  thanks: wordsSchema,
  fillers: z.array(z.string().min(1)),
  politely: z.array(z.string().min(1)).describe("asks for what stands in the same clause: 能帮我…吗"),
  not_wanted: z.array(z.string().min(1)).describe("before a wish, in the same clause: it is taken back"),
  typos: z.record(z.string(), z.string()).describe("what is often written instead, and what is meant"),
});
export type HelpdeskLexicon = z.infer<typeof helpdeskLexiconSchema>;

export type HelpdeskWish =
  | { intent: "handoff" | "greeting" | "thanks" | "nothing" }
  /** problem: what is left, as it was written, without the words that ask for a ticket; empty when nothing is. */
  | { intent: "ticket"; problem: string }
  | { intent: "question" };

/** A wish is said in a few words; what comes after so many characters is its story. */
const MOST_READ = 2_000;
const LETTER = /[\p{L}\p{N}]/u;
const CLAUSE_END = /[，,。.；;！!？?：:、\s]+/u;
const CLAUSES = /[^，,。.；;！!？?：:、\s]+/gu;
const QUESTION_END = /(?:吗|没|没有|[?？])$/u;
/** Nobody writes these, and they could make a line read otherwise than it is. */
const UNSEEN = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;

/** What a member of staff wants; everything that is not known to be something else is a question. */
export function readHelpdeskWish(text: string, lexicon: HelpdeskLexicon): HelpdeskWish {
  const read = [...text.replace(UNSEEN, " ")].slice(0, MOST_READ).join("");
  const written = corrected(read, lexicon);
  const plain = folded(written);
  if (!LETTER.test(plain)) return { intent: "nothing" };
  const clauses = plain.split(CLAUSE_END);
  const wants = (words: Words) => clauses.some((clause) => isWanted(clause, words, lexicon));
  if (wants(lexicon.handoff)) return { intent: "handoff" };
  if (wants(lexicon.ticket)) return { intent: "ticket", problem: problemOf(written, lexicon) };
  const left = clauses.filter((clause) => !isTakenBack(clause, lexicon));
  if (left.length < clauses.length && isCourtesy(left.join(" "), lexicon)) return { intent: "thanks" };
  if (isOnly(plain, lexicon.fillers) && !QUESTION_END.test(plain.trim())) return { intent: "greeting" };
  const saysOneOf = ({ words }: Words) => words.some((word) => plain.includes(word));
  if (saysOneOf(lexicon.greeting) && isOnly(plain, [...lexicon.greeting.words, ...lexicon.fillers]))
    return { intent: "greeting" };
  const isThanks = saysOneOf(lexicon.thanks) && isCourtesy(plain, lexicon);
  return { intent: isThanks && !QUESTION_END.test(plain.trim()) ? "thanks" : "question" };
}

function isCourtesy(text: string, { thanks, greeting, fillers }: HelpdeskLexicon): boolean {
  return isOnly(text, [...thanks.words, ...greeting.words, ...fillers]);
}

/** A wish is asked for in one clause; what else is said of it stands in others. */
function isWanted(clause: string, words: Words, { politely, not_wanted }: HelpdeskLexicon): boolean {
  if (!says(clause, words)) return false;
  const has = (list: readonly string[]) => list.some((word) => clause.includes(word));
  if (has(words.unless) || has(not_wanted)) return false;
  return !has(words.unless_asked_for) || has(politely);
}

function isTakenBack(clause: string, { handoff, ticket, not_wanted }: HelpdeskLexicon): boolean {
  const isSaid = says(clause, handoff) || says(clause, ticket);
  return isSaid && not_wanted.some((word) => clause.includes(word)) && !QUESTION_END.test(clause.trim());
}

/** One of the words stands there, and not only as part of a longer one. */
function says(clause: string, { words, except }: Words): boolean {
  const excepted = except.flatMap((word) => placesOf(clause, word));
  return words
    .flatMap((word) => placesOf(clause, word))
    .some(({ from, to }) => !excepted.some((longer) => longer.from <= from && to <= longer.to));
}

function placesOf(text: string, word: string): { from: number; to: number }[] {
  const places: { from: number; to: number }[] = [];
  for (let from = text.indexOf(word); from >= 0; from = text.indexOf(word, from + 1))
    places.push({ from, to: from + word.length });
  return places;
}

/** The pinyin input method's other word for the same sound. */
function corrected(text: string, { typos }: HelpdeskLexicon): string {
  return Object.entries(typos).reduce((rest, [wrong, right]) => rest.replaceAll(wrong, right), text);
}

function isOnly(text: string, words: readonly string[]): boolean {
  return !LETTER.test(without(text, words));
}

/** What is said beside the clause that asks; when nothing is, what is left of that clause. */
function problemOf(text: string, lexicon: HelpdeskLexicon): string {
  const { ticket, fillers } = lexicon;
  const asks = (clause: string) => isWanted(folded(clause), ticket, lexicon);
  const beside = trimmed(text.replace(CLAUSES, (clause) => (asks(clause) ? "" : clause)));
  const rest = isOnly(folded(beside), fillers) ? trimmed(without(text, ticket.words)) : beside;
  if (isOnly(folded(rest), fillers)) return "";
  return withoutFillers(rest, fillers);
}

function withoutFillers(text: string, fillers: readonly string[]): string {
  const longestFirst = [...fillers].sort((one, other) => other.length - one.length);
  let rest = text;
  for (;;) {
    const filler = longestFirst.find((word) => rest.startsWith(word));
    if (filler === undefined) return rest;
    rest = trimmed(rest.slice(filler.length));
  }
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Longest words first, so that no short one breaks a longer. */
function without(text: string, words: readonly string[]): string {
  return [...words]
    .sort((one, other) => other.length - one.length)
    .reduce((rest, word) => rest.replaceAll(word, " "), text);
}

/** Begins and ends with a letter or a digit; by looking at each end once, however long the text is. */
function trimmed(text: string): string {
  const characters = [...text];
  const from = characters.findIndex((character) => LETTER.test(character) || character === "\\");
  const to = characters.findLastIndex((character) => LETTER.test(character));
  return from < 0 ? "" : characters.slice(from, to + 1).join("");
}
