import { requestHandoff } from "../../handoffs/request-handoff.ts";
import type { Records } from "../../records.ts";
import { type Result, refuse } from "../../result.ts";
import type { ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { notePlatformPayment } from "./payment.ts";

export type AcceptRefusal = "not-found" | "not-quoted" | "quote-expired";

/**
 * The buyer's yes. A high-value or doubtful order goes to a person first; any other is work from now on. Saying yes
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
  if (!certificate.high_value && certificate.status === "firm") {
    const accepted = await moveOrder(tx, ambient, order, "accepted", "buyer-agreed");
    const conversation = await tx.conversations.find(order.conversation_id);
    // Paid before they said yes: the money is here already.
    if (conversation !== null) await notePlatformPayment(deps, tx, conversation);
    return { ok: true, value: (await tx.orders.find(orderId)) ?? accepted };
  }

  const reviewed = await moveOrder(tx, ambient, order, "review", "buyer-agreed");
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
