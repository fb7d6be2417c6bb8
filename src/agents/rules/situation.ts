import type { CaseFacts } from "../../domain/conversations/case-facts.ts";

export type ToolUse = { tool: string; input: Record<string, unknown>; output: unknown };

/** What the rules know when they choose the next step of a turn. */
export type Situation = {
  facts: CaseFacts;
  /** The buyer's words of this turn, one string per message. */
  messages: string[];
  /** Their words before, which have had their reply, a string a turn; the last one last. */
  earlier: string[];
  /** What was done so far in this turn, in order. */
  done: ToolUse[];
};

export type NextStep =
  | { type: "call"; tool: string; input: Record<string, unknown> }
  | { type: "say"; text: string };

/** The buyer's words, a string for all that was said before somebody answered. */
export function turnsOf(lines: readonly { role: string; text: string }[]): string[] {
  const turns: string[] = [];
  lines.forEach(({ role, text }, at) => {
    if (role !== "user") return;
    if (lines[at - 1]?.role === "user") turns.push(`${turns.pop() ?? ""}\n${text}`);
    else turns.push(text);
  });
  return turns;
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
