import { expect, it } from "vitest";
import { conversationIdOf } from "../../src/domain/conversations/conversation.ts";
import { aConversationService } from "../../src/testing/conversation-harness.ts";
import { anInbound } from "../../src/testing/test-store.ts";
import { compareTold, readTold, type Told } from "./told.ts";

const TOLD: Told = {
  turns: [
    { said: "[1 图] / 放大2倍", told: ["20 元，您看可以吗？"] },
    { said: "可以", told: ["好的，马上开始做。", "做好啦 [1 图]"] },
  ],
  end: {
    orders: [{ status: "delivered", total_fen: 2000 }],
    handoffs: [],
    tickets: [],
    tasks: [],
    holder: "bot",
  },
};
const [first, second] = TOLD.turns;

it("finds nothing where nothing differs", () => {
  expect(compareTold(TOLD, structuredClone(TOLD))).toBeNull();
});

it("names the first turn that told something else, and every field of the end that differs", () => {
  const is = structuredClone(TOLD);
  for (const turn of is.turns) turn.told = ["25 元，您看可以吗？"];
  is.end.orders = [{ status: "quoted", total_fen: 2500 }];

  expect(compareTold(TOLD, is)).toEqual({
    firstTurn: {
      turn: 1,
      said: "[1 图] / 放大2倍",
      was: ["20 元，您看可以吗？"],
      is: ["25 元，您看可以吗？"],
    },
    end: [
      {
        field: "orders",
        was: '[{"status":"delivered","total_fen":2000}]',
        is: '[{"status":"quoted","total_fen":2500}]',
      },
    ],
  });
});

it.each([
  { what: "a turn is missing", turns: [first], turn: 2, was: second?.told, is: [] },
  {
    what: "there is one more",
    turns: [first, second, { said: "谢谢", told: ["不客气"] }],
    turn: 3,
    was: [],
    is: ["不客气"],
  },
])("notices that $what", ({ turns, turn, was, is }) => {
  const difference = compareTold(TOLD, { ...TOLD, turns: turns.filter((it) => it !== undefined) });

  expect(difference?.firstTurn).toMatchObject({ turn, was, is });
  expect(difference?.end).toEqual([]);
});

it("notices an end that differs though the same was told", () => {
  const difference = compareTold(TOLD, { ...TOLD, end: { ...TOLD.end, handoffs: ["complaint"] } });

  expect(difference).toEqual({
    firstTurn: null,
    end: [{ field: "handoffs", was: "[]", is: '["complaint"]' }],
  });
});

it.each([
  { what: "before the turn that answers what is being said", deliveredAfterMs: 20, turn: 0 },
  { what: "after that turn began", deliveredAfterMs: 60, turn: 1 },
])(
  "counts what an order tells by itself to the turn of its time: $what",
  async ({ deliveredAfterMs, turn }) => {
    const service = await aConversationService({ mergeWindowMs: 30 });
    const { clock, store } = service;
    service.start();
    await service.receive(anInbound({ text: "放大", at: clock.now() }));
    await service.advance(100);
    const start = clock.now();
    const id = conversationIdOf(anInbound());
    const deliver = async () =>
      await store.messages.addOutbound({
        id: "m_order_delivered",
        conversationId: id,
        author: "system",
        parts: [{ type: "text", text: "做好啦" }],
        fence: 1,
        at: start + deliveredAfterMs,
        status: "queued",
      });
    await service.receive(anInbound({ text: "好了吗", at: start }));
    if (turn === 0) await deliver();
    await service.advance(50);
    if (turn === 1) await deliver();

    const { turns } = await readTold(store, id, []);
    expect(turns.map(({ told }) => told)).toEqual(
      turn === 0 ? [["答：放大", "做好啦"], ["答：好了吗"]] : [["答：放大"], ["答：好了吗", "做好啦"]],
    );
    await service.close();
  },
);
