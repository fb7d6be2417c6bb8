import type { Ambient } from "../domain/clock.ts";
import { type InboundMessage, mergedTurnAt } from "../domain/conversations/conversation.ts";
import { queueTurn } from "../domain/conversations/queue-turn.ts";
import { notePlatformPayment } from "../domain/orders/desk/payment.ts";
import type { Store } from "../domain/records.ts";
import { takeOverConversation } from "./takeover.ts";

type ReceiveDeps = { store: Store; ambient: Ambient; mergeWindowMs: number; idleReturnMs: number };

export type Received = { status: "stored" | "duplicate"; conversationId: string };

/**
 * Stores an inbound message once and queues its turn, in one transaction: when this returns, the message survives
 * a kill. A person's own words (typed in the platform's window) take the conversation over.
 */
export function createReceiveMessage({ store, ambient, mergeWindowMs, idleReturnMs }: ReceiveDeps) {
  return async function receiveMessage(message: InboundMessage): Promise<Received> {
    return await store.transaction(async (tx) => {
      const now = ambient.now();
      const conversation = await tx.conversations.upsert(message, now);
      const isBuyer = message.author === "buyer";
      const status = !isBuyer ? "noted" : conversation.holder === "human" ? "held" : "pending";
      const isNew = await tx.messages.addInbound(message, {
        id: ambient.newId("m"),
        conversationId: conversation.id,
        status,
        fence: conversation.fence,
      });
      if (!isNew) return { status: "duplicate" as const, conversationId: conversation.id };

      if (message.context?.order?.status === "paid") await notePlatformPayment({ ambient }, tx, conversation);
      if (message.author === "person")
        await takeOverConversation(tx, {
          conversationId: conversation.id,
          by: "platform",
          now,
          idleReturnMs,
        });
      if (status === "pending") {
        const since = conversation.pending_since ?? now;
        const count = conversation.pending_count + 1;
        const turnAt = mergedTurnAt({ now, since, count, windowMs: mergeWindowMs });
        await tx.conversations.setPending(conversation.id, { since, count, turnAt, lastInboundAt: now });
        await queueTurn(tx, conversation.id, turnAt);
      } else if (isBuyer) await tx.conversations.noteInbound(conversation.id, now);
      return { status: "stored" as const, conversationId: conversation.id };
    });
  };
}
