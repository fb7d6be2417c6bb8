import type { Ambient } from "../clock.ts";
import type { Records } from "../records.ts";
import type { Part } from "./message.ts";

/** Queues what a conversation has to send; one job per conversation keeps the order, also through retries. */
export async function queueDelivery(records: Records, conversationId: string): Promise<void> {
  await records.jobs.enqueue({
    kind: "deliver",
    key: `deliver:${conversationId}`,
    payload: { conversationId },
    maxAttempts: 1000,
  });
}

/**
 * Sends a result that was not asked for in this very turn (a finished picture, a changed order). While a person
 * holds the conversation it waits, and goes out when the bot has it back.
 *
 * @param id - fixed by what it reports, so that reporting twice sends once
 */
export async function notifyBuyer(
  tx: Records,
  ambient: Ambient,
  notice: { id: string; conversationId: string; parts: Part[] },
): Promise<void> {
  const conversation = await tx.conversations.find(notice.conversationId);
  if (conversation === null) return;
  await tx.messages.addOutbound({
    id: notice.id,
    conversationId: conversation.id,
    author: "system",
    parts: notice.parts,
    fence: conversation.fence,
    at: ambient.now(),
    status: conversation.holder === "human" ? "deferred" : "queued",
  });
  if (conversation.holder === "bot") await queueDelivery(tx, conversation.id);
}
