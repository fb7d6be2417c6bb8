import { createStep, createWorkflow } from "@mastra/core/workflows";
import { z } from "zod";
import type { Part } from "../domain/conversations/message.ts";
import { notifyBuyer } from "../domain/conversations/notify-buyer.ts";
import { moveOrder, nudgeWorkflow } from "../domain/orders/desk/move-order.ts";
import { mayStart } from "../domain/orders/desk/payment.ts";
import { deliverOrder, dispatchOrder, failToHuman } from "../domain/orders/desk/progress-order.ts";
import { deliverySchema, type ImageOrder } from "../domain/orders/order.ts";
import { createWaitStep, orderOf, runSchema } from "./order-steps.ts";
import { canWorkOn, workOnPictures } from "./work-on-pictures.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

/** What was made, for which demand; null when there is nothing to deliver. */
const madeSchema = runSchema.extend({
  made: z.object({ revision: z.int(), deliveries: z.array(deliverySchema) }).nullable(),
});

/** 处理图片: the buyer agrees (high value: a person confirms) → operations → quality check → preview → delivered, or a person. */
export function createProcessImageWorkflow(deps: WorkflowDeps) {
  const work = createStep({
    id: "work",
    inputSchema: runSchema,
    outputSchema: madeSchema,
    execute: async ({ inputData }) => {
      const nothing = { ...inputData, made: null };
      const order = await begin(inputData.order_id);
      if (order === null) return nothing;
      if (!canWorkOn(deps, order)) {
        await toDesigner(order);
        return nothing;
      }
      const worked = await workOnPictures(deps, order);
      if (worked.ok)
        return { ...inputData, made: { revision: order.revision, deliveries: worked.deliveries } };
      await deps.store.transaction(async (tx) => {
        const current = await tx.orders.find(order.id);
        if (current?.status === "processing") await failToHuman(deps, tx, current, worked.why);
      });
      return nothing;
    },
  });

  const preview = createStep({
    id: "preview",
    inputSchema: madeSchema,
    outputSchema: madeSchema,
    execute: async ({ inputData }) => {
      const { made, order_id } = inputData;
      if (made === null) return inputData;
      const previews = made.deliveries.flatMap((delivery): Part[] =>
        delivery.preview === undefined ? [] : [{ type: "image", file: delivery.preview }],
      );
      await deps.store.transaction(async (tx) => {
        const order = await tx.orders.find(order_id);
        if (order?.status !== "processing" || order.revision !== made.revision) return;
        await notifyBuyer(tx, deps.ambient, {
          id: `m_${order.id}_preview_${order.revision}`,
          conversationId: order.conversation_id,
          parts: [{ type: "text", text: deps.rules().say("preview") }, ...previews],
        });
      });
      return inputData;
    },
  });

  const deliver = createStep({
    id: "deliver",
    inputSchema: madeSchema,
    outputSchema: runSchema,
    execute: async ({ inputData: { order_id, made } }) => {
      if (made === null) return { order_id };
      await deps.store.transaction(async (tx) => {
        const order = await tx.orders.find(order_id);
        if (order?.status !== "processing") return;
        // The buyer asked for more while it was made: it is made again, with that.
        if (order.revision !== made.revision) await nudgeWorkflow(tx, order.id);
        else await deliverOrder(deps, tx, order, made.deliveries, "work-done");
      });
      return { order_id };
    },
  });

  return createWorkflow({ id: "process-image", inputSchema: runSchema, outputSchema: runSchema })
    .then(
      createWaitStep(deps, "buyer-agrees", "the buyer to agree and pay, or a person to confirm", isAgreed),
    )
    .then(work)
    .then(preview)
    .then(deliver)
    .commit();

  function isAgreed(order: ImageOrder): boolean {
    if (order.status === "accepted") return mayStart(deps, order);
    return ["processing", "handed_off", "dispatched", "failed"].includes(order.status);
  }

  /** accepted → processing; after a crash in the middle it is processing already. */
  async function begin(orderId: string): Promise<ImageOrder | null> {
    return await deps.store.transaction(async (tx) => {
      const order = await tx.orders.find(orderId);
      if (order?.status === "accepted" && mayStart(deps, order))
        return await moveOrder(tx, deps.ambient, order, "processing", "work-begins");
      return order?.status === "processing" ? order : null;
    });
  }

  /** What cannot be done here goes to a designer: that is the plan, not a failure. */
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
}
