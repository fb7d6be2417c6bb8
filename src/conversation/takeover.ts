import type { Ambient } from "../domain/clock.ts";
import { queueDelivery } from "../domain/conversations/notify-buyer.ts";
import { queueTurn } from "../domain/conversations/queue-turn.ts";
import type { Records, Store } from "../domain/records.ts";
import { fireWaiting } from "./tasks/fire-task.ts";

/** How long a claimed send may still write; a takeover waits at most that long for it. */
export const SEND_CLAIM_MS = 300;

type TakeoverDeps = {
  store: Store;
  ambient: Ambient;
  idleReturnMs: number;
  wait: (ms: number) => Promise<void>;
};

export type Takeover = ReturnType<typeof createTakeover>;

/**
 * A person takes a conversation, or gives it back. After `takeOver` has returned, no word of the bot goes out: its
 * turns in flight cannot commit (fence), its queued messages cannot be claimed, and a send that was claimed before
 * has been written or has lost its claim.
 */
export function createTakeover({ store, ambient, idleReturnMs, wait }: TakeoverDeps) {
  return {
    /** @returns the new fence; throws AppError("conversation-not-found") */
    async takeOver(conversationId: string, by: string): Promise<number> {
      for (;;) {
        const outcome = await store.transaction(async (tx) => {
          const now = ambient.now();
          // Held first: a send that is claimed meanwhile is seen, and none is claimed after.
          await tx.conversations.find(conversationId);
          const writingUntil = await tx.messages.isSending(conversationId, now);
          if (writingUntil !== null) return { wait: writingUntil - now };
          return { fence: await takeOverConversation(tx, { conversationId, by, now, idleReturnMs }) };
        });
        if (outcome.fence !== undefined) return outcome.fence;
        await wait(Math.max(1, Math.min(outcome.wait, 20)));
      }
    },

    /** Gives the conversation back to the bot: what waited is answered or fired now. False when nobody held it. */
    async release(conversationId: string): Promise<boolean> {
      return await store.transaction((tx) => releaseConversation(tx, conversationId, ambient));
    },

    /** Returns a conversation whose person fell silent, unless they wrote again since. */
    async returnIfIdle(conversationId: string, heldSince: number): Promise<void> {
      await store.transaction(async (tx) => {
        await tx.conversations.find(conversationId);
        const recent = await tx.messages.recent(conversationId, 50);
        const lastWord = recent.findLast((message) => message.author === "person");
        if (lastWord !== undefined && lastWord.at > heldSince) {
          await queueIdleReturn(tx, conversationId, lastWord.at, idleReturnMs);
          return;
        }
        await releaseConversation(tx, conversationId, ambient);
      });
    },
  };
}

/** The hold itself, inside the caller's transaction: fence up, handoffs taken, return planned. */
export async function takeOverConversation(
  tx: Records,
  hold: { conversationId: string; by: string; now: number; idleReturnMs: number },
): Promise<number> {
  const fence = await tx.conversations.takeOver(hold.conversationId, hold.by);
  for (const handoff of await tx.handoffs.openOf(hold.conversationId))
    if (handoff.status !== "human")
      await tx.handoffs.setStatus(handoff.id, { status: "human", takenBy: hold.by });
  await queueIdleReturn(tx, hold.conversationId, hold.now, hold.idleReturnMs);
  return fence;
}

async function releaseConversation(tx: Records, conversationId: string, ambient: Ambient): Promise<boolean> {
  if (!(await tx.conversations.release(conversationId))) return false;
  const now = ambient.now();
  for (const handoff of await tx.handoffs.openOf(conversationId))
    if (handoff.status === "human")
      await tx.handoffs.setStatus(handoff.id, { status: "returned", endedAt: now });
  await tx.jobs.cancel(idleKey(conversationId));
  await speakAgain(tx, conversationId, ambient);
  if ((await tx.messages.pending(conversationId)).length > 0) await queueTurn(tx, conversationId, now);
  return true;
}

/** If the conversation is the bot's: results and tasks that waited for that are told and fired. Safe to repeat. */
export async function speakAgain(tx: Records, conversationId: string, ambient: Ambient): Promise<void> {
  const conversation = await tx.conversations.find(conversationId);
  if (conversation?.holder !== "bot") return;
  if ((await tx.messages.releaseDeferred(conversationId, conversation.fence)) > 0)
    await queueDelivery(tx, conversationId);
  await fireWaiting(tx, conversationId, ambient);
}

async function queueIdleReturn(
  tx: Records,
  conversationId: string,
  since: number,
  idleReturnMs: number,
): Promise<void> {
  await tx.jobs.enqueue({
    kind: "person-idle",
    key: idleKey(conversationId),
    payload: { conversationId, since },
    runAt: since + idleReturnMs,
  });
}

function idleKey(conversationId: string): string {
  return `idle:${conversationId}`;
}
