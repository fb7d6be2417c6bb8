import type { ShopRules } from "../domain/orders/desk/deps.ts";
import type { OpenedOrder } from "../domain/orders/desk/open-order.ts";
import { mayStart } from "../domain/orders/desk/payment.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import { urgencyTerms } from "../domain/orders/pricing-rules.ts";
import type { QuoteCertificate } from "../domain/orders/quote-certificate.ts";
import { type Say, yuan } from "../domain/replies.ts";
import { riskWords } from "./risk-words.ts";

type Rules = () => ShopRules;

/** Asks a buyer in a hurry who named no time whether it is urgent, and says what that costs. */
export function urgencyQuestion({ say, pricing }: Pick<ShopRules, "say" | "pricing">): string {
  return say("ask_urgent", urgencyTerms(pricing));
}

/** A quote's reasons and total, in the buyer's words; `priced` says no total that its last reason has named. */
export function quoteValues(
  quote: QuoteCertificate,
  say: Say,
): { priced: string; items: string; yuan: string } {
  const items = [...quote.items.map((item) => item.reason), ...quote.reasons].join("；");
  const total = yuan(quote.total_fen);
  const isNamed = new RegExp(`(?<![\\d.])${total} 元$`, "u").test(items);
  return { priced: isNamed ? items : `${items}。${say("quote_total", { yuan: total })}`, items, yuan: total };
}

/** The sentence that tells a quote and asks whether the buyer agrees. */
export function quoteWords(quote: QuoteCertificate, kind: ImageOrder["kind"], say: Say): string {
  const values = quoteValues(quote, say);
  if (quote.status === "needs_review") return say("quote_needs_review", values);
  if (quote.high_value) return say("quote_high_value", values);
  return kind === "find" ? say("quote_find", values) : say("quote", values);
}

/** Asks for all that a demand does not say yet, once. */
export function missingWords(missing: readonly string[], say: Say): string {
  return missing.map((what) => say(`ask_${what.replaceAll("-", "_")}`)).join("\n");
}

/** What the agent may say of an order that was just opened or changed. */
export function orderWords({ order, quote, risk }: OpenedOrder, say: Say): string {
  if (order.status === "rejected" || order.status === "review") return riskWords(order.status, risk, say);
  return quote === null ? say("demand_noted") : quoteWords(quote, order.kind, say);
}

/** What follows on the buyer's yes: a picture that was found only has to be sent. */
export function acceptedWords(order: ImageOrder, rules: Rules): string {
  const { say } = rules();
  if (order.status === "review") return say("accepted_review");
  // The yes counted before: a turn that was cut off is run again, and the work may be done by now.
  if (order.status !== "accepted") return progressWords(order, rules);
  if (order.kind === "find")
    return mayStart({ rules }, order) ? say("accepted_find") : say("accepted_find_unpaid");
  return mayStart({ rules }, order) ? say("accepted") : say("accepted_unpaid");
}

/** How an order stands, for a buyer who asks. */
export function progressWords(order: ImageOrder, rules: Rules): string {
  const { say } = rules();
  const isFind = order.kind === "find";
  if (order.status === "accepted" && !mayStart({ rules }, order))
    return isFind ? say("progress_unpaid_find") : say("progress_unpaid");
  if (!isFind) return say(`progress_${order.status}`);
  switch (order.status) {
    case "draft":
      return order.candidates.length > 0 ? say("progress_draft_find") : say("progress_draft");
    case "quoted":
      return say("progress_quoted_find");
    case "accepted":
    case "processing":
      return say("progress_processing_find");
    default:
      return say(`progress_${order.status}`);
  }
}
