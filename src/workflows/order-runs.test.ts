import type { Workflow } from "@mastra/core/workflows";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../domain/log.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import { aClock, aStore } from "../testing/test-store.ts";
import { createWorkflowHandler } from "./order-runs.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

const JOB = { id: "1", kind: "workflow" as const, payload: { orderId: "o1" }, attempt: 1, maxAttempts: 10 };

let opened: Awaited<ReturnType<typeof aStore>>;
const clock = aClock();
beforeEach(async () => {
  opened = await aStore(clock);
});
afterEach(() => opened.store.close());

/** A run that is in this state, and what was done to it. */
function aRun(state: string | null, result: { status: string; error?: Error } = { status: "success" }) {
  const done: string[] = [];
  const act = (name: string) => async () => {
    done.push(name);
    return result;
  };
  const workflow = {
    getWorkflowRunById: async () => (state === null ? null : { status: state }),
    deleteWorkflowRunById: async () => {
      done.push("delete");
    },
    createRun: async () => ({ start: act("start"), resume: act("resume"), restart: act("restart") }),
  };
  return { done, workflow: workflow as unknown as Workflow };
}

async function anOrder(status: OrderStatus) {
  const { store } = opened;
  const demand = { services: [], operations: [], local: true, urgent: false, words: "放大2倍" };
  const order = { id: "o1", conversation_id: "c1", customer_id: "u1", kind: "process" as const, demand };
  await store.orders.add({ ...order, pictures: [], candidates: [], parent_id: null }, clock.now());
  await store.orders.move("o1", { from: "draft", to: status, cause: "test", at: clock.now() });
}

function handlerOf(workflow: Workflow) {
  const rules = () => ({ say: (key: string) => key, hours: undefined });
  const deps = { store: opened.store, ambient: clock, rules, readText: async () => undefined };
  return createWorkflowHandler({
    ...(deps as unknown as WorkflowDeps),
    log: silentLog,
    workflow: () => workflow,
  });
}

describe("driving an order's run", () => {
  it.each<[string | null, OrderStatus, string[]]>([
    [null, "quoted", ["start"]],
    ["pending", "quoted", ["start"]],
    ["suspended", "accepted", ["resume"]],
    ["running", "processing", ["restart"]],
    ["waiting", "processing", ["restart"]],
    ["failed", "processing", ["delete", "start"]],
    ["failed", "quoted", ["delete", "start"]],
    ["success", "processing", ["delete", "start"]],
    ["success", "delivered", []],
    ["success", "cancelled", []],
  ])("a run that is %s of an order that is %s: %j", async (state, status, expected) => {
    await anOrder(status);
    const run = aRun(state);
    await handlerOf(run.workflow).run(JOB);

    expect(run.done).toEqual(expected);
  });

  it("fails its job when the run fails, so that it is driven again", async () => {
    await anOrder("processing");
    const run = aRun(null, { status: "failed", error: new Error("SQLITE_BUSY") });

    await expect(handlerOf(run.workflow).run(JOB)).rejects.toThrow("SQLITE_BUSY");
  });

  it.each<[OrderStatus, OrderStatus]>([
    ["processing", "handed_off"],
    ["draft", "handed_off"],
    ["quoted", "quoted"],
    ["delivered", "delivered"],
  ])("that failed for good leaves an order that is %s as %s", async (status, expected) => {
    if (status !== "draft") await anOrder(status);
    else
      await anOrder("quoted").then(() =>
        opened.store.orders.move("o1", { from: "quoted", to: "draft", cause: "", at: 1 }),
      );
    await handlerOf(aRun(null).workflow).onDead?.(JOB, "SQLITE_BUSY");

    expect((await opened.store.orders.find("o1"))?.status).toBe(expected);
  });
});
