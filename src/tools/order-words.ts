import type { ShopRules } from "../domain/orders/desk/deps.ts";
import type { OpenedOrder } from "../domain/orders/desk/open-order.ts";
import { urgencyTerms } from "../domain/orders/pricing-rules.ts";
import type { QuoteCertificate } from "../domain/orders/quote-certificate.ts";
import type { RiskCertificate } from "../domain/orders/risk-certificate.ts";
import { type Say, yuan } from "../domain/replies.ts";

/** Asks a buyer in a hurry who named no time whether it is urgent, and says what that costs. */
export function urgencyQuestion({ say, pricing }: Pick<ShopRules, "say" | "pricing">): string {
  return say("ask_urgent", urgencyTerms(pricing));
}

/** The sentence that tells a quote, with its reasons in the buyer's words. */
export function quoteWords(quote: QuoteCertificate, say: Say): string {
  const items = [...quote.items.map((item) => item.reason), ...quote.reasons].join("；");
  const key =
    quote.status === "needs_review" ? "quote_needs_review" : quote.high_value ? "quote_high_value" : "quote";
  return say(key, { items, yuan: yuan(quote.total_fen) });
}

/** What the agent may say of an order that was just opened or changed. */
export function orderWords({ order, quote, risk }: OpenedOrder, say: Say): string {
  if (order.status === "rejected" || order.status === "review") return riskWords(order.status, risk, say);
  return quote === null ? say("demand_noted") : quoteWords(quote, say);
}

/** What may not be done, or not before a person has looked, with the reason in the buyer's words. */
export function riskWords(decision: "rejected" | "review", risk: RiskCertificate | null, say: Say): string {
  const why = (risk?.assessment.reasons ?? []).map((reason) => reason.words).join("");
  return say(`risk_${decision}`, { why });
}
