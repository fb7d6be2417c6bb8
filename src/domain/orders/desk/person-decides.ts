import { notifyBuyer } from "../../conversations/notify-buyer.ts";
import type { Records } from "../../records.ts";
import { yuan } from "../../replies.ts";
import { type Result, refuse } from "../../result.ts";
import type { ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { mayStart, notePlatformPayment } from "./payment.ts";
import { dispatchOrder } from "./progress-order.ts";
import { queueCancel, queueSupplement } from "./tell-designer.ts";

type PersonRefusal = "not-found" | "not-in-review";

/**
 * A person lets an order pass. After the buyer's yes it is accepted; before it (a risk review) the buyer is told the
 * price and decides.
 */
export async function confirmOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  by: string,
): Promise<Result<ImageOrder, PersonRefusal>> {
  const { ambient } = deps;
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (order.status !== "review") return refuse("not-in-review");
  const { say } = deps.rules();
  const quote = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  await closeHandoffs(deps, tx, order);
  if (quote?.status === "accepted") {
    // With a designer already, the later demand that waited goes to them now.
    const isDispatched = order.dispatch_no !== null;
    const accepted = await moveOrder(
      tx,
      ambient,
      order,
      isDispatched ? "dispatched" : "accepted",
      `confirmed by ${by}`,
    );
    if (isDispatched) await queueSupplement(tx, accepted.id);
    const conversation = await tx.conversations.find(order.conversation_id);
    if (conversation !== null) await notePlatformPayment(deps, tx, conversation);
    const paid = (await tx.orders.find(orderId)) ?? accepted;
    await tell(
      deps,
      tx,
      paid,
      say(isDispatched || mayStart(deps, paid) ? "order_confirmed" : "awaiting_payment"),
    );
    return { ok: true, value: paid };
  }
  if (quote === null) return { ok: true, value: await passUnpriced(deps, tx, order, by) };
  const passed = await moveOrder(tx, ambient, order, "quoted", `passed by ${by}`);
  await tell(deps, tx, passed, say("review_passed_quote", { yuan: yuan(quote.certificate.total_fen) }));
  return { ok: true, value: passed };
}

/**
 * What has no price yet goes on: a picture is still to be found and picked, a design is the designers' to begin. Other
 * work is a person's to price: no designer starts without the buyer's yes.
 */
async function passUnpriced(deps: DeskDeps, tx: Records, order: ImageOrder, by: string): Promise<ImageOrder> {
  const { say } = deps.rules();
  if (order.kind !== "find")
    return await dispatchOrder(deps, tx, order, {
      reason: "designer_dispatch",
      cause: `passed by ${by}`,
      words: say("review_passed"),
      redispatch: order.kind === "design",
    });
  const passed = await moveOrder(tx, deps.ambient, order, "draft", `passed by ${by}`);
  const count = order.candidates.length;
  await tell(deps, tx, passed, count === 0 ? say("find_none") : say("find_candidates", { count }));
  return passed;
}

/** A person refuses an order that waits for them; the buyer is told politely. */
export async function rejectOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  by: string,
  reason: string,
): Promise<Result<ImageOrder, PersonRefusal>> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  if (order.status !== "review") return refuse("not-in-review");
  await closeHandoffs(deps, tx, order);
  const rejected = await moveOrder(tx, deps.ambient, order, "rejected", `rejected by ${by}`);
  if (order.dispatch_no !== null) await queueCancel(tx, order.id, "rejected");
  await tell(deps, tx, rejected, deps.rules().say("order_rejected", { reason }));
  return { ok: true, value: rejected };
}

async function closeHandoffs(deps: DeskDeps, tx: Records, order: ImageOrder): Promise<void> {
  for (const handoff of await tx.handoffs.openOf(order.conversation_id))
    if (handoff.image_task_id === order.id && handoff.status !== "human")
      await tx.handoffs.setStatus(handoff.id, { status: "returned", endedAt: deps.ambient.now() });
}

async function tell(deps: DeskDeps, tx: Records, order: ImageOrder, text: string): Promise<void> {
  await notifyBuyer(tx, deps.ambient, {
    id: `m_${order.id}_${order.status}_${order.revision}`,
    conversationId: order.conversation_id,
    parts: [{ type: "text", text }],
  });
}
