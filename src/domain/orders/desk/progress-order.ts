import type { Part } from "../../conversations/message.ts";
import { notifyBuyer } from "../../conversations/notify-buyer.ts";
import type { HandoffReason } from "../../handoffs/handoff.ts";
import { requestHandoff } from "../../handoffs/request-handoff.ts";
import type { Records } from "../../records.ts";
import type { Delivery, ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { closeHandoffs } from "./order-handoffs.ts";
import { wordsOf } from "./tell-buyer.ts";

export const CLOSE_AFTER_MS = 72 * 60 * 60 * 1000;

/** Hands the finished pictures to the buyer. Safe to repeat: a delivered order is not delivered again. */
export async function deliverOrder(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  deliveries: Delivery[],
  cause: string,
): Promise<ImageOrder> {
  if (order.status === "delivered" || order.status === "closed") return order;
  await tx.orders.change(order.id, { deliveries: [...order.deliveries, ...deliveries] });
  const delivered = await moveOrder(tx, deps.ambient, order, "delivered", cause);
  await closeHandoffs(deps, tx, order);
  await notifyBuyer(tx, deps.ambient, {
    id: `m_${order.id}_delivered_${order.revision}`,
    conversationId: order.conversation_id,
    parts: [
      { type: "text", text: deps.rules().say(wordsOf(order, "delivered"), { count: deliveries.length }) },
      ...deliveries.map((delivery): Part => ({ type: "image", file: delivery.file })),
    ],
  });
  await tx.jobs.enqueue({
    kind: "order-close",
    key: `close:${order.id}`,
    payload: { orderId: order.id },
    runAt: deps.ambient.now() + CLOSE_AFTER_MS,
  });
  return { ...delivered, deliveries };
}

type Handover = {
  reason: HandoffReason;
  cause: string;
  /** What the buyer is told; null when the turn tells it. */
  words: string | null;
  /** False: only a person takes it. */
  redispatch?: boolean;
};

/**
 * Gives an order to the people and the designers: card, handoff, 图绘 order as a job. Safe to repeat. While 图绘 is
 * away the job waits; the people's queue has the handoff already.
 */
export async function dispatchOrder(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  handover: Handover,
): Promise<ImageOrder> {
  if (order.status === "handed_off" || order.status === "dispatched") return order;
  return await handOver(deps, tx, order, handover);
}

async function handOver(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  { reason, cause, words, redispatch = true }: Handover,
): Promise<ImageOrder> {
  const handed = await moveOrder(tx, deps.ambient, order, "handed_off", cause);
  const conversation = await tx.conversations.find(order.conversation_id);
  const quote = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  if (conversation !== null)
    await requestHandoff(tx, deps.ambient, {
      conversation,
      reason,
      summary: order.demand.words,
      order: {
        id: order.id,
        pictures: order.pictures,
        totalFen: quote?.certificate.total_fen ?? null,
        risk: null,
      },
      hours: deps.rules().hours,
    });
  if (redispatch)
    await tx.jobs.enqueue({
      kind: "tuhui-order",
      key: `tuhui-order:${order.id}`,
      payload: { orderId: order.id },
      maxAttempts: 500,
    });
  if (words !== null)
    await notifyBuyer(tx, deps.ambient, {
      id: `m_${order.id}_handed_off_${order.revision}_${cause}`,
      conversationId: order.conversation_id,
      parts: [{ type: "text", text: words }],
    });
  return handed;
}

/**
 * 作图失败自动转人工: once, told honestly, what was done stays with the order. A search that broke before the buyer agreed
 * to anything goes to a person only: a designer costs money.
 */
export async function failToHuman(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  why: string,
): Promise<ImageOrder> {
  const { say } = deps.rules();
  const handoff = { reason: "processing_failed" as const, cause: why };
  if (order.status === "draft")
    return await dispatchOrder(deps, tx, order, {
      ...handoff,
      words: say("search_failed"),
      redispatch: false,
    });
  if (order.status !== "processing" && order.status !== "accepted") return order;
  const failed = await moveOrder(tx, deps.ambient, order, "failed", why);
  const words = say(order.kind === "find" ? "search_failed" : "processing_failed");
  return await dispatchOrder(deps, tx, failed, { ...handoff, words });
}

/**
 * The designer gave up (failed), or is late: a person looks into it and the buyer is told. A late designer may still
 * deliver; one who gave up is not asked again.
 */
export async function designerToHuman(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  { why, isLate }: { why: string; isLate: boolean },
): Promise<void> {
  if (order.status !== "dispatched") return;
  const from = isLate ? order : await moveOrder(tx, deps.ambient, order, "failed", why);
  await handOver(deps, tx, from, {
    reason: "processing_failed",
    cause: why,
    words: deps.rules().say(isLate ? "designer_late" : "designer_failed"),
    redispatch: false,
  });
}
