import type { Random } from "../random.ts";

/** A line of a conversation as both sides saw it. */
export type Line = { from: "buyer" | "shop"; text: string };

export type Saying = { text?: string; picture?: Uint8Array };

/** What a buyer can do: speak, listen, and wait for those who work for them. */
export type Talk = {
  random: Random;
  /** Says all of it at once. Answers the shop's reply to it; null when none came in time, or when nothing is said any more because a person comes. */
  say(...burst: Saying[]): Promise<string | null>;
  /** The next of the shop's lines from the last answer on that fits; null when none came in time. */
  hear(fits: (text: string) => boolean): Promise<string | null>;
  /** The designer who has this buyer's order delivers; false when none has one. */
  designerDelivers(): Promise<boolean>;
};

export function isPriceAsked(text: string): boolean {
  return /您看可以吗|回复「可以」/u.test(text);
}

export function isAtDesigner(text: string): boolean {
  return text.includes("安排给设计师来做");
}

export function isPersonComing(text: string): boolean {
  return text.includes("转接人工");
}

/** An order is over, or a person's (config/replies.yaml). */
export function isOver(text: string): boolean {
  return /^做好啦|^原图发您了|没能完成|转给设计师人工|转给同事|转接人工|专人核对|同事核对/u.test(text);
}
