import { expect, it } from "vitest";
import { NO_FACTS } from "../agents/case-prompt.ts";
import type { Message } from "../domain/conversations/message.ts";
import { aClock, anInbound, aStore } from "../testing/test-store.ts";
import { openTurnMemory } from "./turn-memory.ts";

const SEEN = {
  facts: { ...NO_FACTS, last_bot: "您好" },
  transcript: [{ role: "user" as const, text: "在吗" }],
};

it("is of the same words, of who speaks, and of the next tries only", async () => {
  const clock = aClock();
  const { store } = await aStore(clock);
  try {
    const conversation = await store.conversations.upsert(anInbound(), clock.now());
    const message = { id: "m1" } as Message;
    const turn = { turnId: "t_m1", conversation, messages: [message], attempt: 1 };
    const memoryOf = (other: Partial<typeof turn> = {}) => openTurnMemory(store, { ...turn, ...other });
    const remembered = async (other: Partial<typeof turn> = {}) =>
      await memoryOf({ attempt: 2, ...other }).remembered();
    const since = Date.parse(SEEN.facts.now);

    expect(await remembered()).toBeNull();
    await memoryOf().keep(SEEN);
    expect(await remembered()).toEqual({ since, seen: SEEN });
    expect(await remembered({ attempt: 3 })).toEqual({ since, seen: SEEN });
    // It may have done something all the same.
    expect(await remembered({ attempt: 7 })).toEqual({ since, seen: null });
    for (const attempt of [1, 2])
      expect(await remembered({ attempt, messages: [message, { id: "m2" } as Message] })).toEqual({
        since,
        seen: null,
      });
    expect(await remembered({ conversation: { ...conversation, fence: conversation.fence + 1 } })).toEqual({
      since,
      seen: null,
    });
    // A first run has no earlier one.
    expect(await memoryOf().remembered()).toBeNull();

    // What a turn that grew sees is kept over what it saw when it was smaller.
    const grown = memoryOf({ attempt: 2, messages: [message, { id: "m2" } as Message] });
    await grown.remembered();
    await grown.keep({ ...SEEN, transcript: [] });
    expect((await store.turns.keptCase("t_m1"))?.messageIds).toEqual(["m1", "m2"]);
    await memoryOf().keep(SEEN);

    const again = memoryOf({ attempt: 2 });
    await again.remembered();
    await store.transaction((tx) => again.forget(tx));
    expect(await store.turns.keptCase("t_m1")).toBeNull();
  } finally {
    await store.close();
  }
});

it("keeps what its run saw first, once", async () => {
  const clock = aClock();
  const { store } = await aStore(clock);
  try {
    const conversation = await store.conversations.upsert(anInbound(), clock.now());
    const memory = openTurnMemory(store, { turnId: "t", conversation, messages: [], attempt: 1 });

    await Promise.all([memory.keep(SEEN), memory.keep({ ...SEEN, transcript: [] })]);
    expect((await store.turns.keptCase("t"))?.content).toEqual(SEEN);
    await store.transaction((tx) => memory.forget(tx));
    expect(await store.turns.keptCase("t")).toBeNull();
  } finally {
    await store.close();
  }
});

it("keeps it for the next tool when the store was away for the first", async () => {
  const clock = aClock();
  const { store } = await aStore(clock);
  try {
    const conversation = await store.conversations.upsert(anInbound(), clock.now());
    let isAway = true;
    const { turns } = store;
    const keepCase: typeof turns.keepCase = async (kept) => {
      if (isAway) throw new Error("away");
      await turns.keepCase(kept);
    };
    const memory = openTurnMemory(
      { ...store, turns: { ...turns, keepCase } },
      { turnId: "t", conversation, messages: [], attempt: 1 },
    );

    await expect(memory.keep(SEEN)).rejects.toThrow("away");
    isAway = false;
    await memory.keep(SEEN);
    expect((await turns.keptCase("t"))?.content).toEqual(SEEN);
  } finally {
    await store.close();
  }
});
