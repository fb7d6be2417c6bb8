import type { Handoff } from "../handoffs/handoff.ts";
import type { Lease } from "../leases.ts";
import type { Conversation } from "./conversation.ts";
import type { Message, Part } from "./message.ts";

/**
 * What became of a send. Only acked is sure; unanswered and dropped were written but nobody confirmed them;
 * not-connected, too-late and busy (the platform's rate) were not written. more: a part of it is confirmed; the
 * next claim, at that time, goes on with the rest.
 */
export type SendOutcome =
  | { status: "acked"; platformMessageId?: string }
  | { status: "refused"; code: string; retry: boolean }
  | { status: "unanswered" }
  | { status: "dropped" }
  | { status: "not-connected" }
  | { status: "too-late" }
  | { status: "more"; retryAt: number }
  | { status: "busy"; retryAt: number };

export type OutgoingMessage = {
  conversation: Conversation;
  /** Same on every try: the platform sends it at most once if it dedupes. */
  idempotencyKey: string;
  parts: Part[];
  inReplyTo: string | null;
};

/** @param writeBefore - nothing may be written after this instant (UTC ms): the claim on the send ends */
export type PreparedSend = (writeBefore: number) => Promise<SendOutcome>;

/** A way out to customers; one per channel. */
export type MessageSender = {
  channel: string;
  /** Under which only this process sends here; null: another does, or nobody. Absent: any process may at any time. */
  lease?(): Lease | null;
  /**
   * Whether a message that was begun may be gone on with: sent twice under one key it is shown once, or the sender knows
   * what of it was shown.
   */
  dedupes(message: Pick<Message, "id" | "parts" | "in_reply_to">): boolean;
  /**
   * Shows an answer while it is being written: each call gives all of it so far, and nothing means that it is being
   * thought about. Absent or null: not here, not now.
   */
  live?(conversation: Conversation, inReplyTo: string | null): ((textSoFar: string) => void) | null;
  /**
   * Loads the pictures that a message shows. Nothing is claimed yet, so it may take its time; it throws what the file
   * store throws, and then nothing was written.
   */
  prepare(message: OutgoingMessage): Promise<PreparedSend>;
  /** Asks the platform to give the conversation to a person there, or people to take it; false when nobody has it yet. */
  transfer(
    conversation: Conversation,
    handoff: Pick<Handoff, "id" | "reason" | "group_name" | "card">,
  ): Promise<boolean>;
};
