import { expect, it } from "vitest";
import type { Jobs, NewJob } from "../../src/domain/jobs/jobs.ts";
import type { Store } from "../../src/domain/records.ts";
import { createWorkGate } from "./work-gate.ts";

function aStore() {
  const enqueued: NewJob[] = [];
  const jobs: Jobs = {
    enqueue: async (job) => {
      enqueued.push(job);
    },
    cancel: async () => false,
  };
  return { enqueued, store: { jobs } as unknown as Store };
}
const TURN: NewJob = { kind: "turn", payload: { conversationId: "c1" }, key: "turn:c1" };

it("begins a turn when all of its burst has been said, and not at the tenth message", async () => {
  const { store, enqueued } = aStore();
  const gate = createWorkGate();
  const { jobs } = gate.around(store);

  await gate.hearAll(jobs, async () => {
    for (let at = 1; at <= 12; at += 1) await jobs.enqueue({ ...TURN, runAt: at });
    expect(enqueued).toEqual([]);
  });

  expect(enqueued).toEqual([{ ...TURN, runAt: 12 }]);
});

it("keeps the work on an order until it is let through", async () => {
  const { store, enqueued } = aStore();
  const gate = createWorkGate();
  const { jobs } = gate.around(store);
  const work = (orderId: string): NewJob => ({ kind: "workflow", payload: { orderId } });

  await jobs.enqueue(work("o1"));
  await jobs.enqueue(work("o2"));
  expect(enqueued).toEqual([]);
  await gate.letThrough(
    jobs,
    (id) => id === "o2",
    async () => {},
  );

  expect(enqueued).toEqual([work("o2")]);
});
