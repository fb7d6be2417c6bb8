import type { Lease } from "../leases.ts";
import type { Conversation } from "./conversation.ts";
import type { Part } from "./message.ts";

/**
 * What became of a send. Only acked is sure; unanswered and dropped were written but nobody confirmed them;
 * not-connected, too-late and busy (the platform's rate) were not written.
 */
export type SendOutcome =
  | { status: "acked"; platformMessageId?: string }
  | { status: "refused"; code: string; retry: boolean }
  | { status: "unanswered" }
  | { status: "dropped" }
  | { status: "not-connected" }
  | { status: "too-late" }
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
  /** False when the platform shows a message twice that is sent twice under one key. */
  dedupes(): boolean;
  /**
   * Loads the pictures that a message shows. Nothing is claimed yet, so it may take its time; it throws what the file
   * store throws, and then nothing was written.
   */
  prepare(message: OutgoingMessage): Promise<PreparedSend>;
  /** Asks the platform to give the conversation to a person there; false when it cannot or did not. */
  transfer(conversation: Conversation, to: { reason: string; group: string | null }): Promise<boolean>;
};
