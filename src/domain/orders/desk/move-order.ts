import type { Ambient } from "../../clock.ts";
import { AppError } from "../../errors.ts";
import type { Records } from "../../records.ts";
import type { ImageOrder } from "../order.ts";
import { decideMove, type OrderStatus } from "../order-status.ts";

/**
 * Moves an order if the table allows it: history, 天网's image_task triggers and the workflow that waits for the
 * order all follow from this one place, in the caller's transaction. Returns the order as it is now.
 *
 * @throws AppError("move-not-allowed") when the table forbids it, AppError("order-moved") when it moved meanwhile
 */
export async function moveOrder(
  tx: Records,
  ambient: Ambient,
  order: ImageOrder,
  to: OrderStatus,
  cause: string,
): Promise<ImageOrder> {
  const decision = decideMove(order.status, to);
  if (!decision.ok) throw new AppError("move-not-allowed", `order ${order.id}: ${order.status} to ${to}`);
  const at = ambient.now();
  const row = await tx.orders.move(order.id, { from: order.status, to, cause, at });
  if (row === null) throw new AppError("order-moved", `order ${order.id} is no longer ${order.status}`);
  await tx.jobs.enqueue({ kind: "order-event", payload: { historyId: row.id } });
  await nudgeWorkflow(tx, order.id);
  return { ...order, status: to, updated_at: at };
}

/** Asks the order's workflow to look at the order again; a look too many does nothing. */
export async function nudgeWorkflow(tx: Records, orderId: string, runAt?: number): Promise<void> {
  await tx.jobs.enqueue({
    kind: "workflow",
    key: `workflow:${orderId}`,
    payload: { orderId },
    maxAttempts: 10,
    ...(runAt === undefined ? {} : { runAt }),
  });
}
