import { z } from "zod";

const wordsSchema = z.object({
  words: z.array(z.string().min(1)).min(1),
  except: z.array(z.string().min(1)).default([]),
});

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
  /** problem: what is left without the words that ask for a ticket. */
  | { intent: "ticket"; problem: string }
  | { intent: "question" };

/** What a member of staff wants; everything that is not known to be something else is a question. */
export function readHelpdeskWish(text: string, lexicon: HelpdeskLexicon): HelpdeskWish {
  const plain = text.normalize("NFKC").toLowerCase();
  if (!/[\p{L}\p{N}]/u.test(plain)) return { intent: "nothing" };
  if (has(plain, lexicon.handoff)) return { intent: "handoff" };
  if (has(plain, lexicon.ticket)) {
    const problem = without(plain, lexicon.ticket.words);
    return { intent: "ticket", problem: isOnly(problem, lexicon.fillers) ? "" : problem };
  }
  if (isOnly(plain, [...lexicon.greeting.words, ...lexicon.fillers])) return { intent: "greeting" };
  if (isOnly(plain, [...lexicon.thanks.words, ...lexicon.greeting.words, ...lexicon.fillers]))
    return { intent: "thanks" };
  return { intent: "question" };
}

function has(text: string, { words, except }: { words: string[]; except: string[] }): boolean {
  return words.some((word) => text.includes(word)) && !except.some((word) => text.includes(word));
}

function isOnly(text: string, words: readonly string[]): boolean {
  return !/[\p{L}\p{N}]/u.test(without(text, words));
}

/** Longest words first, so that no short one breaks a longer. */
function without(text: string, words: readonly string[]): string {
  return [...words]
    .sort((one, other) => other.length - one.length)
    .reduce((rest, word) => rest.replaceAll(word, " "), text)
    .replace(/^[\s\p{P}]+|[\s\p{P}]+$/gu, "");
}
