import type { Conversation } from "../../conversations/conversation.ts";
import type { Records } from "../../records.ts";
import { type Result, refuse } from "../../result.ts";
import { type ImageOrder, OPEN_STATUSES } from "../order.ts";
import { type DeskDeps, ORDERS_LOOKED_AT } from "./deps.ts";
import { nudgeWorkflow } from "./move-order.ts";

/** Whether work on an accepted order may start: at once, or only when the money has come (pricing.yaml). */
export function mayStart({ rules }: Pick<DeskDeps, "rules">, order: ImageOrder): boolean {
  return !rules().pricing.require_payment || order.paid_at !== null;
}

/** Notes that the money for an order has come, and lets its work start. Safe to repeat. */
export async function markPaid(
  { ambient }: Pick<DeskDeps, "ambient">,
  tx: Records,
  orderId: string,
  by: string,
): Promise<Result<ImageOrder, "not-found" | "not-open">> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (order.paid_at !== null) return { ok: true, value: order };
  if (!OPEN_STATUSES.includes(order.status)) return refuse("not-open");
  const payment = { paid_at: ambient.now(), paid_by: by };
  await tx.orders.change(orderId, payment);
  await nudgeWorkflow(tx, orderId);
  return { ok: true, value: { ...order, ...payment } };
}

/**
 * The platform's order of this conversation is paid: that pays the oldest of ours that the buyer has agreed to and
 * that waits for its money, and one payment pays one order.
 */
export async function notePlatformPayment(
  deps: Pick<DeskDeps, "ambient">,
  tx: Records,
  { id, context }: Pick<Conversation, "id" | "context">,
): Promise<void> {
  if (context?.order?.status !== "paid") return;
  const by = `platform:${context.order.id}`;
  const orders = await tx.orders.ofConversation(id, ORDERS_LOOKED_AT);
  if (orders.some((order) => order.paid_by === by)) return;
  const waiting = orders.findLast((order) => order.status === "accepted" && order.paid_at === null);
  if (waiting !== undefined) await markPaid(deps, tx, waiting.id, by);
}
