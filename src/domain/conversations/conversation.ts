import { joinKey } from "../keys.ts";
import type { Part } from "./message.ts";

/** Who speaks now. A person's hold silences the bot entirely. */
export type Holder = "bot" | "human";

export type ConversationContext = {
  order?: { id: string; status?: string | undefined } | undefined;
  goods?: { id?: string | undefined; title?: string | undefined; price_fen?: number | undefined } | undefined;
};

export type Conversation = {
  id: string;
  channel: string;
  platform: string;
  shop_id: string;
  shop_name: string | null;
  external_id: string;
  customer_id: string;
  customer_name: string | null;
  holder: Holder;
  held_by: string | null;
  /** Raised by every takeover and release; replies written under an older fence never go out. */
  fence: number;
  /** First unanswered message of the burst that is waiting, UTC ms; null when nothing waits. */
  pending_since: number | null;
  pending_count: number;
  /** When the waiting burst may be answered. */
  turn_at: number | null;
  last_inbound_at: number | null;
  last_outbound_at: number | null;
  context: ConversationContext | null;
  created_at: number;
};

/** A message from outside, in our form, checked. */
export type InboundMessage = {
  channel: string;
  platform: string;
  shop: { id: string; name: string | null };
  externalConversationId: string;
  customer: { id: string; name: string | null };
  author: "buyer" | "person" | "system";
  platformMessageId: string | null;
  /** Unique per (channel, platform, shop, message): a second arrival is a redelivery. */
  dedupeKey: string;
  parts: Part[];
  at: number;
  context: ConversationContext | null;
};

export function conversationIdOf(message: {
  channel: string;
  platform: string;
  shop: { id: string };
  externalConversationId: string;
}): string {
  return joinKey([message.channel, message.platform, message.shop.id, message.externalConversationId]);
}

export const MERGE_LONGEST_MS = 6_000;
export const MERGE_MOST_MESSAGES = 10;

/**
 * When a burst may be answered: the window after its last message, but never later than 6 s after its first one,
 * and at once from the tenth message on.
 */
export function mergedTurnAt(burst: { now: number; since: number; count: number; windowMs: number }): number {
  if (burst.count >= MERGE_MOST_MESSAGES) return burst.now;
  return Math.min(burst.now + burst.windowMs, burst.since + Math.max(MERGE_LONGEST_MS, 0));
}
