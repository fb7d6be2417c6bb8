import { requestHandoff } from "../../handoffs/request-handoff.ts";
import type { Records } from "../../records.ts";
import { type Result, refuse } from "../../result.ts";
import type { ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { quoteIt } from "./open-order.ts";
import { notePlatformPayment } from "./payment.ts";
import { dispatchOrder } from "./progress-order.ts";

/** Why an order began, in its history. */
export const AGREED_BY_BUYER = "buyer-agreed";

export type AcceptRefusal = "not-found" | "not-quoted" | "quote-expired";

/**
 * The buyer's yes. A high-value or doubtful order that no person has looked at goes to one first; any other is work from now on. Saying yes
 * twice is one yes.
 */
export async function acceptOrder(
  deps: DeskDeps,
  tx: Records,
  orderId: string,
): Promise<Result<ImageOrder, AcceptRefusal>> {
  const { ambient } = deps;
  const order = await tx.orders.find(orderId);
  if (order === null) return refuse("not-found");
  const quote = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  if (quote?.status === "accepted") return { ok: true, value: order };
  if (order.status !== "quoted" || quote === null) return refuse("not-quoted");
  if (ambient.now() > quote.certificate.valid_until) return refuse("quote-expired");

  await tx.certificates.setQuoteStatus(quote.id, "accepted");
  const { certificate } = quote;
  // Whoever set the price has looked at the order.
  const needsPerson = certificate.high_value && certificate.settled === undefined;
  if (!needsPerson && certificate.status === "firm") {
    const accepted = await moveOrder(tx, ambient, order, "accepted", AGREED_BY_BUYER);
    const conversation = await tx.conversations.find(order.conversation_id);
    // Paid before they said yes: the money is here already.
    if (conversation !== null) await notePlatformPayment(deps, tx, conversation);
    return { ok: true, value: (await tx.orders.find(orderId)) ?? accepted };
  }

  const reviewed = await moveOrder(tx, ambient, order, "review", AGREED_BY_BUYER);
  const conversation = await tx.conversations.find(order.conversation_id);
  if (conversation !== null)
    await requestHandoff(tx, ambient, {
      conversation,
      reason: "high_value",
      summary: order.demand.words,
      order: { id: order.id, pictures: order.pictures, totalFen: certificate.total_fen, risk: null },
      hours: deps.rules().hours,
    });
  return { ok: true, value: reviewed };
}

/**
 * The buyer takes up the offer of a designer. A picture that we do not have is looked for at the price of one, which
 * the offer named; other work without an agreed price goes to a person only, who prices it.
 */
export async function acceptDesigner(deps: DeskDeps, tx: Records, order: ImageOrder): Promise<ImageOrder> {
  const isSearch = order.kind === "find" && order.quote_id === null && order.demand.services.length > 0;
  const offered = isSearch ? await quoteIt(deps, tx, order, [], { pictures: 1 }) : null;
  if (offered !== null) await tx.certificates.setQuoteStatus(offered.id, "accepted");
  const quote = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  return await dispatchOrder(deps, tx, order, {
    reason: "designer_dispatch",
    cause: AGREED_BY_BUYER,
    words: null,
    redispatch: order.kind === "design" || quote?.status === "accepted",
  });
}
