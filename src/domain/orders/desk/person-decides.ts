import type { Records } from "../../records.ts";
import { yuan } from "../../replies.ts";
import { type Result, refuse } from "../../result.ts";
import { candidateWords } from "../candidate-words.ts";
import type { ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { closeHandoffs } from "./order-handoffs.ts";
import { mayStart, notePlatformPayment } from "./payment.ts";
import { dispatchOrder } from "./progress-order.ts";
import { tellBuyer, wordsOf } from "./tell-buyer.ts";
import { queueCancel, queueSupplement } from "./tell-designer.ts";
import { dropWaitingDemands, waitingDemands } from "./waiting-demands.ts";

type PersonRefusal = "not-found" | "not-in-review";

/**
 * A person lets an order pass. After the buyer's yes it is accepted; before it (a risk review) the buyer is told the
 * price and decides. A later demand on an order that people have is passed to whoever works on it.
 */
export async function confirmOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  by: string,
): Promise<Result<ImageOrder, PersonRefusal>> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  const waiting = await waitingDemands(tx, orderId);
  if (order.status !== "review" && waiting.length === 0) return refuse("not-in-review");
  const { say } = deps.rules();
  const quote = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  await tx.orders.settleRevisions(orderId, "kept");
  await closeHandoffs(deps, tx, order);
  if (order.status !== "review") {
    if (order.dispatch_no !== null) await queueSupplement(tx, orderId);
    await tellBuyer(deps, tx, order, "demand-passed", say("demand_passed"));
    return { ok: true, value: order };
  }
  if (quote?.status === "accepted") return { ok: true, value: await passAgreed(deps, tx, order, by) };
  if (quote === null) return { ok: true, value: await passUnpriced(deps, tx, order, by) };
  const passed = await moveOrder(tx, deps.ambient, order, "quoted", `passed by ${by}`);
  const words = say(wordsOf(order, "review_passed_quote"), { yuan: yuan(quote.certificate.total_fen) });
  await tellBuyer(deps, tx, passed, quote.id, words);
  return { ok: true, value: passed };
}

/** After the buyer's yes; with a designer already, the later demand that waited goes to them now. */
async function passAgreed(deps: DeskDeps, tx: Records, order: ImageOrder, by: string): Promise<ImageOrder> {
  const isDispatched = order.dispatch_no !== null;
  const to = isDispatched ? "dispatched" : "accepted";
  const accepted = await moveOrder(tx, deps.ambient, order, to, `confirmed by ${by}`);
  if (isDispatched) await queueSupplement(tx, order.id);
  const conversation = await tx.conversations.find(order.conversation_id);
  if (conversation !== null) await notePlatformPayment(deps, tx, conversation);
  const paid = (await tx.orders.find(order.id)) ?? accepted;
  const key = isDispatched || mayStart(deps, paid) ? "order_confirmed" : "awaiting_payment";
  await tellBuyer(deps, tx, paid, "confirmed", deps.rules().say(wordsOf(paid, key)));
  return paid;
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
  const words = candidateWords(order.candidates.length, deps.rules());
  await tellBuyer(deps, tx, passed, "passed", words);
  return passed;
}

/**
 * A person refuses what waits for them, and the buyer is told politely: a later demand alone is dropped and the order
 * goes on as it was; else the order itself is rejected.
 */
export async function rejectOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
  { by, reason }: { by: string; reason: string },
): Promise<Result<{ order: ImageOrder; dropped: number[] }, PersonRefusal>> {
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  const { say } = deps.rules();
  const [first] = await waitingDemands(tx, orderId);
  // It waited itself when more was asked of it: with it goes all of that.
  const isAllWaiting = first?.before?.status === "review" && !first.before.agreed;
  if (isAllWaiting) await tx.orders.settleRevisions(orderId, "dropped");
  const kept = isAllWaiting ? { order, dropped: [] } : await dropWaitingDemands(deps, tx, order, by);
  if (kept.dropped.length > 0) {
    await closeHandoffs(deps, tx, order);
    await tellBuyer(deps, tx, order, "demand-dropped", await droppedWords(deps, tx, kept.order, reason));
    return { ok: true, value: kept };
  }
  // An order that people have is theirs to refuse, as long as no designer was given it.
  const isTheirs = order.status === "handed_off" && order.dispatch_no === null;
  if (order.status !== "review" && !isTheirs) return refuse("not-in-review");
  await closeHandoffs(deps, tx, order);
  const rejected = await moveOrder(tx, deps.ambient, order, "rejected", `rejected by ${by}`);
  if (order.dispatch_no !== null) await queueCancel(tx, order.id, "rejected");
  await tellBuyer(deps, tx, rejected, "rejected", say("order_rejected", { reason }));
  return { ok: true, value: { order: rejected, dropped: [] } };
}

/** The refusal, and where the buyer must answer still, the price that stands. */
async function droppedWords(deps: DeskDeps, tx: Records, order: ImageOrder, reason: string): Promise<string> {
  const { say } = deps.rules();
  const refusal = say("demand_rejected", { reason });
  const quote = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  if (order.status !== "quoted" || quote === null) return refusal;
  return `${refusal}\n${say("quote_again", { yuan: yuan(quote.certificate.total_fen) })}`;
}
