import type { Trigger } from "./task.ts";

/** Compiles a pattern of a stranger so that no input can make it slow; null when it is not valid. */
export type SafeRegex = { compile(pattern: string): ((text: string) => boolean) | null };

type ReplyTrigger = Extract<Trigger, { type: "customer_reply" }>;

/** Full-width to half-width, lower case, white space at the ends removed. */
export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
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
  if (match === "regex") return regex.compile(keyword.normalize("NFKC")) ?? (() => false);
  const folded = foldText(keyword);
  return match === "exact" ? (text) => text === folded : (text) => text.includes(folded);
}
