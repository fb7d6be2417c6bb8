import { z } from "zod";
import type { Ambient } from "../domain/clock.ts";
import { DONE, type JobHandler } from "../domain/jobs/jobs.ts";
import { moveOrder } from "../domain/orders/desk/move-order.ts";
import type { ImageOrder, OrderHistory } from "../domain/orders/order.ts";
import type { Records, Store } from "../domain/records.ts";
import { fireTask, settleFiring } from "./tasks/fire-task.ts";

const eventPayload = z.object({ historyId: z.int() });
const orderPayload = z.object({ orderId: z.string() });
const FIRING_ORDER = /^o_(f_.+)_design$/u;

type OrderEventDeps = { store: Store; ambient: Ambient };

/** An order moved: 天网's image_task triggers look at it, once per row of its history. */
export function createOrderEventHandler({ store, ambient }: OrderEventDeps): JobHandler {
  return {
    async run(job) {
      const { historyId } = eventPayload.parse(job.payload);
      return await store.transaction(async (tx) => {
        const row = await tx.orders.historyRow(historyId);
        const order = row === null ? null : await tx.orders.find(row.image_task_id);
        if (row === null || order === null) return DONE;
        await fireTriggers(tx, order, row);
        await settleDispatchFiring(tx, order, row);
        return DONE;
      });
    },
  };

  async function fireTriggers(tx: Records, order: ImageOrder, row: OrderHistory): Promise<void> {
    const conversation = await tx.conversations.find(order.conversation_id);
    if (conversation === null) return;
    const tasks = await tx.tasks.pendingFor("image_task", {
      id: conversation.customer_id,
      platform: conversation.platform,
      shopId: conversation.shop_id,
    });
    for (const task of tasks) {
      const { trigger } = task.request;
      if (trigger.type !== "image_task" || trigger.event !== row.to) continue;
      if (trigger.image_task_id !== undefined && trigger.image_task_id !== order.id) continue;
      await fireTask(
        tx,
        task,
        {
          slot: `order:${row.id}`,
          cause: `image_task ${row.to}`,
          customerId: conversation.customer_id,
          conversation,
        },
        ambient,
      );
    }
  }

  /** A task's dispatch action is done when 图绘 has the order. */
  async function settleDispatchFiring(tx: Records, order: ImageOrder, row: OrderHistory): Promise<void> {
    const firingId = FIRING_ORDER.exec(order.id)?.[1];
    if (firingId === undefined) return;
    if (row.to === "dispatched")
      await settleFiring(
        tx,
        firingId,
        { status: "completed", result: { image_task_id: order.id, order_no: order.dispatch_no } },
        ambient,
      );
    else if (row.to === "cancelled" || row.to === "rejected")
      await settleFiring(tx, firingId, { status: "failed", error: `order_${row.to}` }, ambient);
  }
}

/** A delivered order closes by itself after 72 h. */
export function createOrderCloseHandler({ store, ambient }: OrderEventDeps): JobHandler {
  return {
    async run(job) {
      const { orderId } = orderPayload.parse(job.payload);
      await store.transaction(async (tx) => {
        const order = await tx.orders.find(orderId);
        if (order?.status === "delivered") await moveOrder(tx, ambient, order, "closed", "72h");
      });
      return DONE;
    },
  };
}
