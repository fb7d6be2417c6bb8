import type { Records } from "../records.ts";

/** Queues the turn that answers a conversation's burst; a later message of the burst moves it. */
export async function queueTurn(records: Records, conversationId: string, runAt: number): Promise<void> {
  await records.jobs.enqueue({
    kind: "turn",
    key: `turn:${conversationId}`,
    payload: { conversationId },
    runAt,
    maxAttempts: 20,
  });
}
