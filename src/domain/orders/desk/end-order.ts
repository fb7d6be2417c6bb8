import type { Records } from "../../records.ts";
import { type Result, refuse } from "../../result.ts";
import type { ImageOrder } from "../order.ts";
import { decideMove } from "../order-status.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { closeHandoffs } from "./order-handoffs.ts";
import { queueCancel } from "./tell-designer.ts";

/** Why an order ended, in its history. */
export const DECLINED_BY_BUYER = "buyer-declined";
export const CANCELLED_BY_BUYER = "buyer-cancelled";

type EndRefusal = "not-found" | "not-open";

/** The buyer does not want what was quoted: the quote is declined and its order cancelled. */
export async function declineOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
): Promise<Result<ImageOrder, EndRefusal>> {
  const order = await tx.orders.find(orderId);
  if (order?.quote_id != null) {
    const quote = await tx.certificates.findQuote(order.quote_id);
    if (quote?.status === "offered") await tx.certificates.setQuoteStatus(quote.id, "declined");
  }
  return await cancelOrder(deps, tx, orderId, DECLINED_BY_BUYER);
}

/** Cancels an order wherever it stands; a designer who works on it is told. Cancelling twice is one cancel. */
export async function cancelOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  cause: string,
): Promise<Result<ImageOrder, EndRefusal>> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (order.status === "cancelled") return { ok: true, value: order };
  if (!decideMove(order.status, "cancelled").ok) return refuse("not-open");
  const cancelled = await moveOrder(tx, deps.ambient, order, "cancelled", cause);
  await closeHandoffs(deps, tx, order);
  if (order.dispatch_no !== null) await queueCancel(tx, order.id, cause);
  return { ok: true, value: cancelled };
}
