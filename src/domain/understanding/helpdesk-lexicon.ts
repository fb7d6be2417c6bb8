import { z } from "zod";

const wordsSchema = z.object({
  words: z.array(z.string().min(1)).min(1),
  except: z.array(z.string().min(1)).default([]).describe("longer words that these are parts of"),
  unless: z.array(z.string().min(1)).default([]).describe("with one of these anywhere it is something else"),
});
type Words = z.infer<typeof wordsSchema>;

/** config/helpdesk.yaml: what the IT desk's rules recognise. */
export const helpdeskLexiconSchema = z.object({
  handoff: wordsSchema,
  ticket: wordsSchema,
  greeting: wordsSchema,
  thanks: wordsSchema,
  fillers: z.array(z.string().min(1)),
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
const QUESTION_END = /(?:吗|没|没有|[?？])$/u;
/** Nobody writes these, and they could make a line read otherwise than it is. */
const UNSEEN = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;

/** What a member of staff wants; everything that is not known to be something else is a question. */
export function readHelpdeskWish(text: string, lexicon: HelpdeskLexicon): HelpdeskWish {
  const read = [...text.replace(UNSEEN, " ")].slice(0, MOST_READ).join("");
  const plain = read.normalize("NFKC").toLowerCase();
  if (!LETTER.test(plain)) return { intent: "nothing" };
  if (has(plain, lexicon.handoff)) return { intent: "handoff" };
  if (has(plain, lexicon.ticket)) return { intent: "ticket", problem: problemOf(read, lexicon) };
  const says = ({ words }: Words) => words.some((word) => plain.includes(word));
  if (says(lexicon.greeting) && isOnly(plain, [...lexicon.greeting.words, ...lexicon.fillers]))
    return { intent: "greeting" };
  const isCourtesy =
    says(lexicon.thanks) &&
    isOnly(plain, [...lexicon.thanks.words, ...lexicon.greeting.words, ...lexicon.fillers]);
  return { intent: isCourtesy && !QUESTION_END.test(plain.trim()) ? "thanks" : "question" };
}

function has(text: string, { words, except, unless }: Words): boolean {
  const rest = without(text, except);
  return words.some((word) => rest.includes(word)) && !unless.some((word) => rest.includes(word));
}

function isOnly(text: string, words: readonly string[]): boolean {
  return !LETTER.test(without(text, words));
}

function problemOf(text: string, { ticket, fillers }: HelpdeskLexicon): string {
  let rest = trimmed(without(text, ticket.words));
  if (isOnly(rest.normalize("NFKC").toLowerCase(), fillers)) return "";
  const longestFirst = [...fillers].sort((one, other) => other.length - one.length);
  for (;;) {
    const filler = longestFirst.find((word) => rest.startsWith(word));
    if (filler === undefined) return rest;
    rest = trimmed(rest.slice(filler.length));
  }
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
