import type { Jobs, NewJob } from "../../src/domain/jobs/jobs.ts";
import type { Store } from "../../src/domain/records.ts";

export type WorkGate = ReturnType<typeof createWorkGate>;

/**
 * Keeps our own work on orders back until it was seen to be done: on the day it took its time, and what the customer
 * said meanwhile was answered without it. And keeps a turn back while its burst is being said.
 */
export function createWorkGate() {
  const waiting = new Map<string, NewJob>();
  let isOpen = false;
  let isListening = false;
  let turn: NewJob | null = null;

  function gated(jobs: Jobs): Jobs {
    return {
      ...jobs,
      async enqueue(job) {
        if (job.kind === "turn" && isListening) turn = job;
        else if (job.kind !== "workflow" || isOpen) await jobs.enqueue(job);
        else waiting.set((job.payload as { orderId: string }).orderId, job);
      },
    };
  }

  return {
    around: (store: Store): Store => ({
      ...store,
      jobs: gated(store.jobs),
      transaction: (work) => store.transaction((tx) => work({ ...tx, jobs: gated(tx.jobs) })),
    }),
    /** What was answered in one turn is: the tenth message of a burst would be answered at once, without the others. */
    async hearAll(jobs: Jobs, say: () => Promise<void>): Promise<void> {
      isListening = true;
      try {
        await say();
      } finally {
        isListening = false;
      }
      if (turn !== null) await jobs.enqueue(turn);
      turn = null;
    },
    /** Lets the work on these orders be done; all there is when none is named. */
    async letThrough(
      jobs: Jobs,
      isMeant: (orderId: string) => boolean,
      done: () => Promise<void>,
    ): Promise<void> {
      isOpen = true;
      try {
        for (const [orderId, job] of waiting) {
          if (!isMeant(orderId)) continue;
          waiting.delete(orderId);
          await jobs.enqueue(job);
        }
        await done();
      } finally {
        isOpen = false;
      }
    },
  };
}
