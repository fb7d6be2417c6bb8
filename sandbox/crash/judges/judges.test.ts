import { describe, expect, it } from "vitest";
import type { History, OrderSeen, ProblemKind } from "../history.ts";
import { findProblems } from "./all.ts";

const ORDER: OrderSeen = {
  id: "o1",
  conversation: "c",
  status: "delivered",
  history: ["draft", "quoted", "accepted", "processing", "handed_off", "dispatched", "delivered"],
  totals: [2_000, 5_000],
  isAgreed: true,
  isWithPerson: false,
  isAsked: false,
  revisions: [1, 2, 3],
  dispatchNo: "TH1",
};

/** A history in which every promise was kept. */
const KEPT: History = {
  acked: [
    { conversation: "c", messageId: "m1" },
    { conversation: "c", messageId: "m2" },
    { conversation: "c", messageId: "m3" },
    { conversation: "c", messageId: "m4" },
  ],
  stored: [
    { conversation: "c", messageId: "m1", status: "answered", turnId: "t_1" },
    { conversation: "c", messageId: "m2", status: "answered", turnId: "t_2" },
    { conversation: "c", messageId: "m3", status: "held", turnId: null },
    { conversation: "c", messageId: "m4", status: "answered", turnId: "t_4" },
  ],
  silentTurns: ["t_4"],
  written: [
    { key: "k1", conversation: "c", status: "sent", error: null, turnId: "t_1" },
    { key: "k2", conversation: "c", status: "sent", error: null, turnId: "t_2" },
    { key: "k3", conversation: "c", status: "sent", error: null, turnId: null },
    { key: "k4", conversation: "c", status: "sent", error: null, turnId: null },
  ],
  shown: [
    { conversation: "c", key: "k1", inReplyTo: "m1", text: "变清晰。一共 20 元，您看可以吗？", at: 100 },
    { conversation: "c", key: "k2", inReplyTo: "m2", text: "加 30 元，一共 50 元，您看可以吗？", at: 200 },
    { conversation: "c", key: "k3", inReplyTo: null, text: "任务1", at: 600 },
    { conversation: "c", key: "k4", inReplyTo: null, text: "做好啦，一共 1 张", at: 700 },
  ],
  holds: [{ conversation: "c", from: 300, until: 500 }],
  tasks: [
    { id: "t1", text: "任务1", status: "completed", error: null, isDue: true },
    { id: "t2", text: "任务2", status: "pending", error: null, isDue: false },
  ],
  reports: [
    { taskId: "t1", webhookId: "w1" },
    { taskId: "t1", webhookId: "w1" },
  ],
  orders: [ORDER],
  designerOrders: [
    {
      orderNo: "TH1",
      imageTaskId: "o1",
      status: "delivered",
      requirements: [1],
      supplements: [2, 3],
      cancels: 0,
    },
  ],
};

const [DESIGNER_ORDER] = KEPT.designerOrders;
const [TASK] = KEPT.tasks;
if (DESIGNER_ORDER === undefined || TASK === undefined) throw new Error("the kept history has both");

function order(change: Partial<OrderSeen>): Partial<History> {
  return { orders: [{ ...ORDER, ...change }] };
}
function atTuhui(change: Partial<History["designerOrders"][number]>): Partial<History> {
  return { designerOrders: [{ ...(DESIGNER_ORDER as NonNullable<typeof DESIGNER_ORDER>), ...change }] };
}
function task(change: Partial<History["tasks"][number]>): Partial<History> {
  return { tasks: [{ ...(TASK as NonNullable<typeof TASK>), ...change }] };
}
function stored(at: number, change: Partial<History["stored"][number]>): Partial<History> {
  return { stored: KEPT.stored.map((it, index) => (index === at ? { ...it, ...change } : it)) };
}
function written(at: number, change: Partial<History["written"][number]>): Partial<History> {
  return { written: KEPT.written.map((it, index) => (index === at ? { ...it, ...change } : it)) };
}
function unseen(key: string): Partial<History> {
  return { shown: KEPT.shown.filter((it) => it.key !== key) };
}
function undelivered(): Partial<History> {
  return { ...unseen("k4"), written: KEPT.written.slice(0, 3) };
}
const again = (key: string, change: Partial<History["shown"][number]>): Partial<History> => ({
  written: [...KEPT.written, { key, conversation: "c", status: "sent", error: null, turnId: null }],
  shown: [...KEPT.shown, { conversation: "c", key, inReplyTo: null, text: "", at: 800, ...change }],
});

const BROKEN: [kind: ProblemKind, text: string, change: Partial<History>][] = [
  ["lost", "message m1 was acknowledged and is not stored", { stored: KEPT.stored.slice(1) }],
  ["lost", "message m1 was never answered, it is pending", stored(0, { status: "pending", turnId: null })],
  ["doubled", "message m1 is stored 2 times", { stored: [...KEPT.stored, ...KEPT.stored.slice(0, 1)] }],
  ["lost", "message m4 counts as answered and no answer was seen", stored(3, { turnId: "t_9" })],
  ["lost", "message m2 counts as answered and no answer was seen", unseen("k2")],
  ["lost", "reply k3 never went out, it is queued", { ...unseen("k3"), ...written(2, { status: "queued" }) }],
  ["record", "reply k3 was seen and is cancelled (-)", written(2, { status: "cancelled" })],
  ["record", "reply k4 was seen and is not stored", { written: KEPT.written.slice(0, 3) }],
  ["doubled", "message m2 was answered under k2 and under k9", again("k9", { inReplyTo: "m2" })],
  [
    "doubled",
    "turn t_1 was answered under 2 keys",
    {
      written: [
        ...KEPT.written,
        { key: "k9", conversation: "c", status: "cancelled", error: null, turnId: "t_1" },
      ],
    },
  ],
  ["order", "c saw k3 after what was written later", { shown: [...KEPT.shown].reverse() }],
  ["order", "c was answered backwards at m2", { stored: [...KEPT.stored].reverse() }],
  ["takeover", "c: k9 came 100 ms after the takeover", again("k9", { at: 400 })],
  ["doubled", "task t1 was seen 2 times", again("k9", { text: "任务1" })],
  ["lost", "task t1 is completed and was never seen", unseen("k3")],
  ["record", "task t1 was seen and is failed", task({ status: "failed", error: "send_failed" })],
  ["lost", "task t1 is firing", task({ status: "firing" })],
  ["lost", "task t1 is missing", task({ status: "missing" })],
  [
    "lost",
    "task t9 is due and still pending",
    task({ id: "t9", text: "任务9", status: "pending", isDue: true }),
  ],
  ["record", "task t1 failed and does not say why", task({ text: "任务9", status: "failed" })],
  ["report", "the end of task t1 was reported under 0 ids", { reports: [] }],
  [
    "report",
    "the end of task t1 was reported under 2 ids",
    { reports: [...KEPT.reports, { taskId: "t1", webhookId: "w2" }] },
  ],
  [
    "report",
    "an end of task t2 was reported and it is pending",
    { reports: [...KEPT.reports, { taskId: "t2", webhookId: "w2" }] },
  ],
  ["lost", "order o1 was agreed and is processing", order({ status: "processing" })],
  ["lost", "order o1 was agreed and is handed_off, and no person has it", order({ status: "handed_off" })],
  ["doubled", "order o1 was delivered more than once", order({ history: [...ORDER.history, "delivered"] })],
  ["doubled", "the delivery of order o1 was told 2 times", again("k9", { text: "做好啦，一共 1 张" })],
  ["lost", "order o1 is delivered and the buyer was not told", unseen("k4")],
  [
    "doubled",
    "order o1 is 2 orders at 图绘",
    { designerOrders: [...KEPT.designerOrders, ...KEPT.designerOrders] },
  ],
  ["record", "图绘 knows nothing of order o1", { designerOrders: [] }],
  ["lost", "order o1 is TH1 at 图绘 and we do not know it", order({ dispatchNo: null })],
  ["doubled", "图绘 was told a demand of order o1 twice: 1, 2, 2, 3", atTuhui({ supplements: [2, 2, 3] })],
  ["order", "图绘 was told the demands of order o1 as 1, 3, 2", atTuhui({ supplements: [3, 2] })],
  ["lost", "图绘 was not told demand 3 of order o1", atTuhui({ supplements: [2] })],
  ["lost", "图绘 was not told that order o1 is cancelled", order({ status: "cancelled" })],
  ["record", "图绘 was told to cancel order o1, which is delivered", atTuhui({ cancels: 1 })],
  ["money", "c was told 70 yuan, which no quote says", again("k9", { text: "一共 70 元" })],
  [
    "money",
    "c was told 80 yuan, which no quote says",
    again("k9", { text: "抠图/换底 1 张，80 元，您看可以吗？回复「可以」就开始做。" }),
  ],
  ["money", "order o1 is agreed at 6000 fen, which was never told", order({ totals: [2_000, 5_000, 6_000] })],
];

describe("the checker", () => {
  it("finds nothing where every promise was kept", () => {
    expect(findProblems(KEPT)).toEqual([]);
  });

  it("does not take the price list for a price", () => {
    const list = "参考价：找图 10 元起，描图矢量 90 元起；第二张起半价。";

    expect(findProblems({ ...KEPT, ...again("k9", { text: list }) })).toEqual([]);
  });

  it.each(BROKEN)("finds %s: %s", (kind, text, change) => {
    const problems = findProblems({ ...KEPT, ...change });

    expect(problems).toContainEqual({ kind, text });
  });

  it.each<[what: string, change: Partial<History>]>([
    [
      "words whose fate nobody knows are in people's list",
      { ...unseen("k2"), ...written(1, { status: "uncertain" }) },
    ],
    [
      "words that a takeover cut off are a person's",
      { ...unseen("k2"), ...written(1, { status: "cancelled" }) },
    ],
    [
      "a task failed and says why",
      { ...task({ text: "任务9", status: "failed", error: "customer_unreachable" }) },
    ],
    [
      "words of a person's hold come before and after it",
      { holds: [{ conversation: "c", from: 200, until: 600 }] },
    ],
    [
      "the price of an order that was taken back was never told",
      {
        ...order({
          status: "cancelled",
          history: ["draft", "quoted", "accepted", "cancelled"],
          totals: [2_000, 5_000, 6_000],
        }),
        ...undelivered(),
        ...atTuhui({ cancels: 1 }),
      },
    ],
    [
      "a demand that the designer had not heard of is a person's to look at",
      { ...order({ isAsked: true }), ...atTuhui({ supplements: [2] }) },
    ],
    [
      "an agreed order is in a person's hands",
      { ...order({ status: "handed_off", isWithPerson: true }), ...undelivered() },
    ],
    [
      "图绘 was told of a cancel twice",
      { ...order({ status: "cancelled" }), ...atTuhui({ cancels: 2 }), ...undelivered() },
    ],
  ])("finds nothing when %s", (_what, change) => {
    const kept = { ...KEPT, ...change };

    expect(findProblems(kept)).toEqual([]);
  });
});
