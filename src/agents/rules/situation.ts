import type { CaseFacts } from "../../domain/conversations/case-facts.ts";

export type ToolUse = { tool: string; input: Record<string, unknown>; output: unknown };

/** What a buyer said before somebody answered, and what was answered. */
export type Exchange = { words: string; reply: string };

/** What the rules know when they choose the next step of a turn. */
export type Situation = {
  facts: CaseFacts;
  /** The buyer's words of this turn, one string per message. */
  messages: string[];
  /** What was said before; the last one last. */
  earlier: Exchange[];
  /** What was done so far in this turn, in order. */
  done: ToolUse[];
};

export type NextStep =
  | { type: "call"; tool: string; input: Record<string, unknown> }
  | { type: "say"; text: string };

/** A conversation's lines as question and answer; what we said before the buyer's first word is left out. */
export function exchangesOf(lines: readonly { role: string; text: string }[]): Exchange[] {
  const exchanges: Exchange[] = [];
  lines.forEach(({ role, text }, at) => {
    const last = exchanges.at(-1);
    if (role !== "user") {
      if (last !== undefined) last.reply = joined(last.reply, text);
    } else if (last !== undefined && lines[at - 1]?.role === "user") last.words = joined(last.words, text);
    else exchanges.push({ words: text, reply: "" });
  });
  return exchanges;
}

function joined(before: string, text: string): string {
  return before === "" ? text : `${before}\n${text}`;
}

export function call(tool: string, input: Record<string, unknown>): NextStep {
  return { type: "call", tool, input };
}

/** Says what a tool said may be told. */
export function told(use: ToolUse): NextStep {
  return { type: "say", text: String(field(use.output, "tell") ?? "") };
}

/** One field of a tool's output; undefined when there is none. */
export function field(value: unknown, key: string): unknown {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
}

export function newPictures({ pictures }: CaseFacts): string[] {
  return pictures.filter((picture) => picture.new).map((picture) => picture.id);
}

/**
 * The pictures that the words of this turn are about: those sent with them and, when we have just asked what to do with a
 * picture, what was sent since an order took one. Older ones may be of an order that came to nothing.
 */
export function picturesInHand(facts: CaseFacts, isAskedWhat: boolean): string[] {
  if (!isAskedWhat) return newPictures(facts);
  const taken = new Set(facts.orders.flatMap((order) => order.pictures));
  const last = facts.pictures.findLastIndex((picture) => taken.has(picture.id));
  return facts.pictures.filter((picture, at) => picture.new || at > last).map((picture) => picture.id);
}

/** Pictures that no order has taken yet. */
export function freePictures(facts: CaseFacts): string[] {
  const taken = new Set(facts.orders.flatMap((order) => order.pictures));
  return facts.pictures.filter((it) => it.new || !taken.has(it.id)).map((it) => it.id);
}

/** This turn's pictures; else the ones sent before that no order has taken yet; else the newest. */
export function picturesFor(facts: CaseFacts): string[] {
  const fresh = newPictures(facts);
  if (fresh.length > 0) return fresh;
  const free = freePictures(facts);
  const newest = facts.pictures.at(-1);
  return free.length > 0 ? free : newest === undefined ? [] : [newest.id];
}
