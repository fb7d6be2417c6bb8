import type { Records } from "../../records.ts";
import type { ImageOrder, OrderRevision } from "../order.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";

/** Later demands that a person still weighs, oldest first. */
export async function waitingDemands(tx: Records, orderId: string): Promise<OrderRevision[]> {
  return (await tx.orders.revisions(orderId)).filter(({ status }) => status === "in_review");
}

/** Drops the demands that wait: the order is again what it was before them, at its price, where it stood. */
export async function dropWaitingDemands(
  { ambient }: Pick<DeskDeps, "ambient">,
  tx: Records,
  order: ImageOrder,
  by: string,
): Promise<{ order: ImageOrder; dropped: number[] }> {
  const waiting = await waitingDemands(tx, order.id);
  const before = waiting[0]?.before ?? null;
  if (before === null) return { order, dropped: [] };
  const { status, agreed, ...was } = before;
  await tx.orders.change(order.id, was);
  await tx.orders.settleRevisions(order.id, "dropped");
  if (order.quote_id !== null && order.quote_id !== was.quote_id) {
    await tx.certificates.setQuoteStatus(order.quote_id, "replaced");
    if (was.quote_id !== null)
      await tx.certificates.setQuoteStatus(was.quote_id, agreed ? "accepted" : "offered");
  }
  const restored = { ...order, ...was };
  return {
    order:
      order.status === "review" && status !== "review"
        ? await moveOrder(tx, ambient, restored, status, `demand dropped by ${by}`)
        : restored,
    dropped: waiting.map(({ revision }) => revision),
  };
}
