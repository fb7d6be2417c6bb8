import type { Trigger } from "./task.ts";

/** A pattern whose time grows with its size and the text's length, and with nothing else. */
export type SafePattern = { test(text: string): boolean; size: number };
/** Compiles a stranger's pattern; null when it is not valid or too large. */
export type SafeRegex = { compile(pattern: string): SafePattern | null };

/** All patterns of a task together: with the longest text about a tenth of a second. */
export const MOST_PATTERN_SIZE = 2_000;

type ReplyTrigger = Extract<Trigger, { type: "customer_reply" }>;

/** Full-width to half-width, lower case, white space at the ends removed. */
export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
}

/** As foldText, for a pattern: a full-width ？ or （ is a character to find, and must not become a regex sign. */
export function foldPattern(pattern: string): string {
  return Array.from(pattern, (char) => {
    const folded = char.normalize("NFKC");
    return folded === char ? char : folded.replace(/[\\^$.|?*+()[\]{}-]/gu, "\\$&");
  })
    .join("")
    .normalize("NFC");
}

export function triggerKeywords(trigger: ReplyTrigger): string[] {
  return trigger.keywords ?? (trigger.keyword === undefined ? [] : [trigger.keyword]);
}

/**
 * Which message of a merged turn satisfies a reply trigger.
 *
 * @param messages - folded texts of the turn, in order
 * @returns the index of the first message that matches; -1 for none; messages.length - 1 when only all of them
 *   together, joined by line breaks, match (contains and regex)
 */
export function matchReply(trigger: ReplyTrigger, messages: readonly string[], regex: SafeRegex): number {
  const tests = triggerKeywords(trigger).map((keyword) => testOf(trigger.match, keyword, regex));
  const matches = (text: string) => tests.some((test) => test(text));

  const single = messages.findIndex(matches);
  if (single >= 0 || trigger.match === "exact" || messages.length < 2) return single;
  return matches(messages.join("\n")) ? messages.length - 1 : -1;
}

function testOf(match: ReplyTrigger["match"], keyword: string, regex: SafeRegex): (text: string) => boolean {
  if (match === "regex") return regex.compile(foldPattern(keyword))?.test ?? (() => false);
  const folded = foldText(keyword);
  return match === "exact" ? (text) => text === folded : (text) => text.includes(folded);
}
