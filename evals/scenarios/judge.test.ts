import { expect, it } from "vitest";
import { judge } from "./judge.ts";
import type { Outcome } from "./outcome.ts";
import { scenarioSchema } from "./scenario.ts";

it("finds a wrong record: the judge is not blind", () => {
  const { expect: expected } = scenarioSchema.parse({
    id: "one",
    title: "放大",
    steps: [{ say: ["这张放大2倍"] }],
    expect: {
      orders: [{ kind: "process", status: "delivered", total_fen: 2000, moves: ["draft", "quoted"] }],
      said: ["20 元"],
      never_said: ["免费"],
      tools: ["process-image"],
      forbidden_tools: ["hand-off"],
      never_states: ["rejected"],
    },
  });
  const order = {
    kind: "process" as const,
    status: "delivered" as const,
    total_fen: 2000,
    revisions: 1,
    risk: null,
    moves: ["draft" as const, "quoted" as const],
    follows: false,
  };
  const right: Outcome = {
    orders: [order],
    handoffs: [],
    tickets: [],
    tasks: [],
    designers: [],
    holder: "bot",
    cites: [],
    knowledge: [],
    replies: ["一共 20 元"],
    transcript: [],
    tools: ["process-image"],
    rungs: ["rules"],
    quotes: [],
    risks: [],
    intents: [],
    unanswered: 0,
  };
  const problems = (change: Partial<Outcome>, spokeWhileHeld: string[] = []) =>
    judge({ outcome: { ...right, ...change }, spokeWhileHeld }, expected);

  expect(problems({})).toEqual([]);
  for (const wrong of [
    { orders: [] },
    { orders: [order, order] },
    { orders: [{ ...order, status: "quoted" as const }] },
    { orders: [{ ...order, total_fen: 1999 }] },
    { orders: [{ ...order, moves: ["draft" as const, "rejected" as const] }] },
    { handoffs: ["complaint" as const] },
    { tickets: [{ status: "open" as const, title: "坏了" }] },
    { tasks: [{ status: "pending", fired: 0 }] },
    { holder: "human" as const },
    { replies: ["好的"] },
    { replies: ["一共 20 元，这次免费"] },
    { tools: [] },
    { tools: ["process-image", "hand-off"] },
    { unanswered: 1 },
  ])
    expect(problems(wrong), JSON.stringify(wrong)).not.toEqual([]);
  expect(problems({}, ["在的亲"])).toHaveLength(1);
});
