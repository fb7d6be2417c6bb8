import { expect, it } from "vitest";
import type { Store } from "../domain/records.ts";
import { aConversationService } from "../testing/conversation-harness.ts";
import { anInbound } from "../testing/test-store.ts";

const SCHEDULES = 1_000;

/**
 * A schedule explorer: every call of the store, the agent and the platform first gives way a number of times that a
 * seed decides, so that a takeover falls between any two steps of a turn and its delivery.
 */
it(`sends no bot message after a takeover has committed, in ${SCHEDULES} interleavings`, {
  timeout: 120_000,
}, async () => {
  let random = mulberry32(1);
  const giveWay = async () => {
    for (let times = Math.floor(random() * 6); times > 0; times -= 1) await nextStep();
  };
  const takenAt = new Map<string, boolean>();
  const wordsAfter: string[] = [];
  let wordsBefore = 0;
  const service = await aConversationService({
    around: (store) => slowed(store, giveWay),
    answer: async () => {
      await giveWay();
      return {};
    },
    send: async ({ conversation, writeBefore }) => {
      // Loading pictures happens here; then the write itself, which is one synchronous step.
      await giveWay();
      if (service.clock.now() >= writeBefore) return { status: "too-late" };
      if (takenAt.get(conversation.id) === true) wordsAfter.push(conversation.id);
      else wordsBefore += 1;
      await giveWay();
      return { status: "acked" };
    },
  });
  service.start();

  for (let seed = 1; seed <= SCHEDULES; seed += 1) {
    random = mulberry32(seed);
    const externalConversationId = `x${seed}`;
    const { conversationId } = await service.receive(anInbound({ externalConversationId }));
    for (let times = Math.floor(random() * 90); times > 0; times -= 1) await nextStep();
    await service.takeover.takeOver(conversationId, "阿明");
    takenAt.set(conversationId, true);
    await service.jobs.idle();
    expect((await service.store.conversations.find(conversationId))?.holder).toBe("human");
  }
  await service.close();

  expect(wordsAfter).toEqual([]);
  // The explorer reached both sides: some turns were answered first, some were cut off.
  expect(wordsBefore).toBeGreaterThan(SCHEDULES / 20);
  expect(wordsBefore).toBeLessThan(SCHEDULES * 0.95);
});

function slowed(store: Store, giveWay: () => Promise<void>): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (name === "transaction")
        return async (work: Parameters<Store["transaction"]>[0]) => {
          await giveWay();
          const result = await target.transaction(work);
          await giveWay();
          return result;
        };
      if (value === null || typeof value !== "object") return value;
      return new Proxy(value, {
        get(records, call) {
          const method: unknown = Reflect.get(records, call);
          if (typeof method !== "function") return method;
          return async (...args: unknown[]) => {
            await giveWay();
            const result: unknown = await Reflect.apply(method, records, args);
            await giveWay();
            return result;
          };
        },
      });
    },
  });
}

function nextStep(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
