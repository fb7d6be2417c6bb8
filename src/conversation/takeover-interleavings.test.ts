import { expect, it } from "vitest";
import type { Records, Store } from "../domain/records.ts";
import { aConversationService } from "../testing/conversation-harness.ts";
import { isOnPostgres } from "../testing/test-database.ts";
import { anInbound } from "../testing/test-store.ts";

// Where every step is a round trip, giving way is waiting, and a schedule takes its time.
const ON_POSTGRES = isOnPostgres();
const LOADING_MS = 60;
const SCHEDULES = ON_POSTGRES ? 200 : 1_000;

it(`sends no bot message after a takeover has committed, in ${SCHEDULES} interleavings`, {
  timeout: 120_000,
}, async () => {
  const { before, after } = await explore(SCHEDULES);

  expect(after).toBe(0);
  // The explorer reached both sides: some turns were answered first, some were cut off.
  expect(before).toBeGreaterThan(SCHEDULES / 20);
  expect(before).toBeLessThan(SCHEDULES * 0.95);
});

// Control runs: with one of its guards gone the takeover must be seen to fail.
it.each<[string, Sabotage]>([
  ["a send is claimed whatever the fence says", { "messages.claimSend": async () => true }],
  ["a takeover does not wait for sends that are claimed", { "messages.isSending": async () => null }],
])("sees words after the takeover when %s", { timeout: 60_000 }, async (_what, sabotage) => {
  const { after } = await explore(ON_POSTGRES ? SCHEDULES / 2 : SCHEDULES / 4, sabotage);

  expect(after).toBeGreaterThan(0);
});

/** Methods of the records, as "record.method", that are replaced. */
type Sabotage = Record<string, () => Promise<unknown>>;

/**
 * A schedule explorer: every call of the store, the agent and the platform first gives way a number of times that a
 * seed decides, so that a takeover falls between any two steps of a turn and its delivery.
 *
 * @returns how many of the bot's messages were written before and after the takeover's commit
 */
async function explore(
  schedules: number,
  sabotage: Sabotage = {},
): Promise<{ before: number; after: number }> {
  let random = mulberry32(1);
  const giveWay = async () => {
    for (let times = Math.floor(random() * (ON_POSTGRES ? 3 : 6)); times > 0; times -= 1) await nextStep();
  };
  const taken = new Set<string>();
  let taking = "";
  let before = 0;
  let after = 0;
  const service = await aConversationService({
    around: (store) =>
      slowed(store, {
        giveWay,
        sabotage,
        committed: (result) => {
          if (hasFence(result)) taken.add(taking);
        },
      }),
    answer: async () => {
      await giveWay();
      return {};
    },
    send: async ({ conversation, writeBefore }) => {
      // The event loop may be late here; then the write itself, which is one synchronous step.
      await giveWay();
      if (ON_POSTGRES) await new Promise((resolve) => setTimeout(resolve, random() * LOADING_MS));
      if (service.clock.now() >= writeBefore) return { status: "too-late" };
      if (taken.has(conversation.id)) after += 1;
      else before += 1;
      await giveWay();
      return { status: "acked" };
    },
  });
  service.start();

  const turnMs = ON_POSTGRES ? await timeOfATurn() : 0;
  before = 0;

  for (let seed = 1; seed <= schedules; seed += 1) {
    random = mulberry32(seed);
    const externalConversationId = `x${seed}`;
    const { conversationId } = await service.receive(anInbound({ externalConversationId }));
    await untilSomewhereIn(turnMs);
    taking = conversationId;
    await service.takeover.takeOver(conversationId, "阿明");
    await service.jobs.idle();
    expect(taken.has(conversationId)).toBe(true);
    expect((await service.store.conversations.find(conversationId))?.holder).toBe("human");
  }
  await service.close();
  return { before, after };

  /** Some way into a turn and its delivery, or past both. */
  async function untilSomewhereIn(ms: number): Promise<void> {
    if (ON_POSTGRES) await new Promise((resolve) => setTimeout(resolve, random() * 1.5 * ms));
    else for (let times = Math.floor(random() * 90); times > 0; times -= 1) await nextStep();
  }

  async function timeOfATurn(): Promise<number> {
    const startedAt = performance.now();
    const turns = 10;
    for (let turn = 0; turn < turns; turn += 1) {
      await service.receive(anInbound({ externalConversationId: `timed${turn}` }));
      await service.jobs.idle();
    }
    return (performance.now() - startedAt) / turns;
  }
}

function hasFence(result: unknown): boolean {
  return (
    result !== null && typeof result === "object" && "fence" in result && typeof result.fence === "number"
  );
}

type Around = {
  giveWay: () => Promise<void>;
  sabotage: Sabotage;
  /** Told what a transaction returned, before anybody else knows. */
  committed: (result: unknown) => void;
};

function slowed(store: Store, { giveWay, sabotage, committed }: Around): Store {
  const sabotaged = <Records extends object>(records: Records, record: string): Records =>
    new Proxy(records, {
      get: (target, call) => sabotage[`${record}.${String(call)}`] ?? Reflect.get(target, call),
    });
  const inTransaction = (records: Records): Records =>
    new Proxy(records, {
      get: (target, name) => sabotaged(Reflect.get(target, name) as object, String(name)),
    });
  return new Proxy(store, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (name === "transaction")
        return async (work: (records: Records) => Promise<unknown>) => {
          await giveWay();
          const result = await target.transaction((tx) => work(inTransaction(tx)));
          committed(result);
          await giveWay();
          return result;
        };
      if (value === null || typeof value !== "object") return value;
      return new Proxy(sabotaged(value, String(name)), {
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
  return new Promise((resolve) => (ON_POSTGRES ? setTimeout(resolve, 1) : setImmediate(resolve)));
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
