import { createStep, createWorkflow } from "@mastra/core/workflows";
import { AppError } from "../domain/errors.ts";
import { moveOrder } from "../domain/orders/desk/move-order.ts";
import { deliverOrder, dispatchOrder, failToHuman } from "../domain/orders/desk/progress-order.ts";
import type { Delivery, ImageOrder } from "../domain/orders/order.ts";
import type { ProcessedImage } from "../domain/pictures/ports.ts";
import { createWaitStep, orderOf, runSchema } from "./order-steps.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

const MOST_TRIES = 2;
const WORK_TIMEOUT_MS = 60_000;
const WORKING = ["accepted", "processing", "handed_off", "dispatched", "failed"] as const;

/** 处理图片: the buyer agrees (high value: a person confirms) → operations → quality check → delivered, or a person. */
export function createProcessImageWorkflow(deps: WorkflowDeps) {
  const work = createStep({
    id: "work",
    inputSchema: runSchema,
    outputSchema: runSchema,
    execute: async ({ inputData }) => {
      const order = await begin(inputData.order_id);
      if (order === null) return inputData;
      if (!order.demand.local || order.demand.operations.length === 0) {
        await toDesigner(order);
        return inputData;
      }
      const done = await workOn(order);
      await deps.store.transaction(async (tx) => {
        const current = await tx.orders.find(order.id);
        if (current?.status !== "processing") return;
        if (done.ok) await deliverOrder(deps, tx, current, done.deliveries, "work-done");
        else await failToHuman(deps, tx, current, done.why);
      });
      return inputData;
    },
  });

  return createWorkflow({ id: "process-image", inputSchema: runSchema, outputSchema: runSchema })
    .then(createWaitStep(deps, "buyer-agrees", "the buyer to agree, or a person to confirm", WORKING))
    .then(work)
    .commit();

  /** accepted → processing; after a crash in the middle it is processing already. */
  async function begin(orderId: string): Promise<ImageOrder | null> {
    return await deps.store.transaction(async (tx) => {
      const order = await tx.orders.find(orderId);
      if (order?.status === "accepted")
        return await moveOrder(tx, deps.ambient, order, "processing", "work-begins");
      return order?.status === "processing" ? order : null;
    });
  }

  /** What our own engine cannot do goes to a designer: that is the plan, not a failure. */
  async function toDesigner(order: ImageOrder): Promise<void> {
    await deps.store.transaction(async (tx) => {
      const current = await orderOf({ store: { ...deps.store, orders: tx.orders } }, order.id);
      if (current.status === "processing")
        await dispatchOrder(deps, tx, current, {
          reason: "designer_dispatch",
          cause: "needs-a-designer",
          words: deps.rules().say("handoff_designer"),
        });
    });
  }

  async function workOn(
    order: ImageOrder,
  ): Promise<{ ok: true; deliveries: Delivery[] } | { ok: false; why: string }> {
    const deliveries: Delivery[] = [];
    for (const pictureId of order.pictures) {
      const original = await deps.files.get(pictureId);
      if (original === null) return { ok: false, why: "picture-missing" };
      const result = await processOne(original, order);
      if ("why" in result) return { ok: false, why: result.why };
      const { bytes, format, width, height } = result;
      deliveries.push({
        file: await deps.files.put(bytes),
        format,
        width,
        height,
        at: deps.ambient.now(),
        by: "engine",
      });
    }
    return { ok: true, deliveries };
  }

  /** One picture through the plan; a result that fails its check is tried once more, then a person takes it. */
  async function processOne(
    original: Uint8Array,
    order: ImageOrder,
  ): Promise<ProcessedImage | { why: string }> {
    const job = { operations: order.demand.operations, timeoutMs: WORK_TIMEOUT_MS };
    let why = "quality-check";
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      try {
        const result = await deps.engine.apply(original, job);
        const problems = await deps.engine.check(original, result, job);
        if (problems.length === 0) return result;
        why = `quality-check: ${problems.join(", ")}`;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { why: error.code };
      }
    }
    return { why };
  }
}
