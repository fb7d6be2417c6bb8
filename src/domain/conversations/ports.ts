import type { Lease } from "../leases.ts";
import type { Conversation, InboundMessage } from "./conversation.ts";
import type { InboundStatus, Message, MessageAuthor, OutboundStatus, Part, SaidMessage } from "./message.ts";

export type ConversationStore = {
  find(id: string): Promise<Conversation | null>;
  /** The customer's conversation that was last spoken in, on any platform unless one is named. */
  findByCustomer(customer: {
    id: string;
    platform?: string | undefined;
    shopId?: string | undefined;
  }): Promise<Conversation | null>;
  list(filter: { holder?: Conversation["holder"]; limit: number }): Promise<Conversation[]>;
  /** Makes or refreshes the conversation a message belongs to and returns it as it is now. */
  upsert(message: InboundMessage, now: number): Promise<Conversation>;
  setPending(
    id: string,
    pending: { since: number; count: number; turnAt: number; lastInboundAt: number },
  ): Promise<void>;
  /**
   * A turn takes the waiting burst: what comes from now on is the next burst. False when the bot does not speak
   * under this fence any more.
   */
  beginTurn(id: string, fence: number): Promise<boolean>;
  noteInbound(id: string, at: number): Promise<void>;
  noteOutbound(id: string, at: number): Promise<void>;
  /** True when the bot still speaks under this fence; inside a transaction it also keeps it so until the commit. */
  holdsFence(id: string, fence: number): Promise<boolean>;
  /** Gives the conversation to a person (or renews the hold) and raises the fence; returns the new fence. */
  takeOver(id: string, by: string): Promise<number>;
  /** Gives it back to the bot and raises the fence; false when no person held it. */
  release(id: string): Promise<boolean>;
};

/** A buyer took a message back. Not every platform says which shop it was. */
export type Recall = {
  channel: string;
  platform?: string | undefined;
  shopId?: string | undefined;
  externalConversationId: string;
  platformMessageId: string;
};

export type NewInbound = { id: string; conversationId: string; status: InboundStatus; fence: number };
export type NewOutbound = {
  id: string;
  conversationId: string;
  author: Exclude<MessageAuthor, "buyer">;
  parts: Part[];
  fence: number;
  turnId?: string;
  firingId?: string;
  inReplyTo?: string;
  at: number;
  status?: OutboundStatus;
};

export type MessageStore = {
  /** Stores an inbound message once per dedupe key; false when it was there already. */
  addInbound(message: InboundMessage, record: NewInbound): Promise<boolean>;
  /** Safe to repeat: the same id is stored once. */
  addOutbound(message: NewOutbound): Promise<void>;
  find(id: string): Promise<Message | null>;
  /** The inbound message of that dedupe key. */
  findByKey(conversationId: string, dedupeKey: string): Promise<Message | null>;
  pending(conversationId: string): Promise<Message[]>;
  /** The newest messages, oldest first. */
  recent(conversationId: string, limit: number): Promise<SaidMessage[]>;
  setParts(id: string, parts: Part[]): Promise<void>;
  /** Marks inbound messages that a turn took; only those still pending. Returns how many these were. */
  settleInbound(ids: string[], status: InboundStatus, turnId: string | null): Promise<number>;
  /** Marks a message its buyer took back; named by the platform's own ids, since a recall may say no more. */
  recall(recall: Recall): Promise<boolean>;
  /** The conversation's outbound messages that are still to go out, in order. */
  unsent(conversationId: string): Promise<Message[]>;
  /**
   * Claims one send and counts the try: only if it is unsent, nobody has tried since it was read, (for the bot's and
   * tasks' words) the fence still holds, and the channel is still ours.
   *
   * @param lease - the channel's, if only one process at a time may send on it
   */
  claimSend(message: Pick<Message, "id" | "attempts">, until: number, lease?: Lease): Promise<boolean>;
  /** True while some claimed send of the bot may still be writing. */
  isSending(conversationId: string, now: number): Promise<number | null>;
  /** What became of a send; false, and nothing changes, when another has settled it already. */
  settleOutbound(
    id: string,
    outcome: {
      status: OutboundStatus;
      at: number;
      error?: string;
      platformMessageId?: string;
      /** Takes the counted try back: nothing was written. */
      tries?: number;
    },
  ): Promise<boolean>;
  /**
   * A message that was taken and yet never reached its customer, by the platform's id that the send was given; false when
   * there is none that was sent.
   */
  noteUndelivered(conversationId: string, platformMessageId: string, error: string): Promise<boolean>;
  /** Results that waited for a person to finish go out under the new fence; how many there were. */
  releaseDeferred(conversationId: string, fence: number): Promise<number>;
  /** Conversations of a channel that have something to send. */
  conversationsToDeliver(channel: string): Promise<string[]>;
  listOutbound(status: OutboundStatus, limit: number): Promise<Message[]>;
};
