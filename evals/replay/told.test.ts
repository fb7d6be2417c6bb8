import { expect, it } from "vitest";
import { compareTold, type Told } from "./told.ts";

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
