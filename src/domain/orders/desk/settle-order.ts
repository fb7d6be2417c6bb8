import type { Records } from "../../records.ts";
import { yuan } from "../../replies.ts";
import { type Result, refuse } from "../../result.ts";
import type { Delivery, ImageOrder } from "../order.ts";
import type { OrderStatus } from "../order-status.ts";
import type { DeskDeps } from "./deps.ts";
import { cancelOrder } from "./end-order.ts";
import { moveOrder } from "./move-order.ts";
import { quoteIt } from "./open-order.ts";
import { closeHandoffs } from "./order-handoffs.ts";
import { deliverOrder } from "./progress-order.ts";
import { tellBuyer } from "./tell-buyer.ts";
import { queueCancel } from "./tell-designer.ts";

const PRICED_BY_HAND: readonly OrderStatus[] = ["draft", "quoted", "review", "handed_off"];
const DELIVERED_BY_HAND: readonly OrderStatus[] = ["handed_off", "dispatched"];

/**
 * A person's price: where the rules were not sure, know none, or the work is the people's to judge. The buyer is told
 * it and answers; whoever sets a price has looked at the order, so a yes to it needs no second look.
 *
 * not-open: work has begun, or the order has ended. not-picked: the buyer has yet to choose what to buy.
 */
export async function settlePrice(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  settled: { by: string; total_fen: number },
): Promise<Result<ImageOrder, "not-found" | "not-open" | "not-picked">> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (!PRICED_BY_HAND.includes(order.status) || order.dispatch_no !== null) return refuse("not-open");
  if (order.status === "handed_off" && (await isAgreed(tx, order))) return refuse("not-open");
  if (order.candidates.length > 0 && order.picked.length === 0) return refuse("not-picked");
  await tx.orders.settleRevisions(orderId, "kept");
  const quote = await quoteIt(deps, tx, order, [], {
    pictures: Math.max(1, order.kind === "find" ? order.picked.length : order.pictures.length),
    settled,
  });
  const quoted =
    order.status === "quoted"
      ? order
      : await moveOrder(tx, deps.ambient, order, "quoted", `priced by ${settled.by}`);
  await closeHandoffs(deps, tx, order);
  const words = deps.rules().say("price_settled", { yuan: yuan(quote.total_fen) });
  await tellBuyer(deps, tx, quoted, quote.id, words);
  return { ok: true, value: quoted };
}

/** A person lets our own engine try an order that people have and the buyer has agreed to. */
export async function startByHand(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  by: string,
): Promise<Result<ImageOrder, "not-found" | "not-open">> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (order.status !== "handed_off" || order.dispatch_no !== null || !(await isAgreed(tx, order)))
    return refuse("not-open");
  await closeHandoffs(deps, tx, order);
  return { ok: true, value: await moveOrder(tx, deps.ambient, order, "accepted", `started by ${by}`) };
}

/** A person delivers what people or designers have; a designer who still works on it is told to stop. */
export async function deliverByHand(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  { by, deliveries }: { by: string; deliveries: Delivery[] },
): Promise<Result<ImageOrder, "not-found" | "not-open">> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (!DELIVERED_BY_HAND.includes(order.status)) return refuse("not-open");
  if (order.dispatch_no !== null) await queueCancel(tx, orderId, "delivered-by-hand");
  return { ok: true, value: await deliverOrder(deps, tx, order, deliveries, `delivered by ${by}`) };
}

/** A person cancels an order for the buyer, who is told. */
export async function cancelByHand(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  by: string,
): Promise<Result<ImageOrder, "not-found" | "not-open">> {
  const cancelled = await cancelOrder(deps, tx, orderId, `cancelled by ${by}`);
  if (cancelled.ok)
    await tellBuyer(deps, tx, cancelled.value, "cancelled", deps.rules().say("order_cancelled"));
  return cancelled;
}

async function isAgreed(tx: Records, { quote_id }: ImageOrder): Promise<boolean> {
  return quote_id !== null && (await tx.certificates.findQuote(quote_id))?.status === "accepted";
}
