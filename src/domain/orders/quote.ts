import { z } from "zod";
import { yuan } from "../replies.ts";
import { findNearestChanges, nearestChangeSchema } from "./nearest-change.ts";
import { type Arithmetic, computePrice, touchesText } from "./price-arithmetic.ts";
import type { PricingRules } from "./pricing-rules.ts";
import type { QuoteInput } from "./quote-input.ts";
import { serviceSchema } from "./service.ts";

export { type QuoteInput, quoteInputSchema } from "./quote-input.ts";

const fenSchema = z.int().nonnegative();

export const quotePriceSchema = z.strictObject({
  total_fen: fenSchema.describe("charged: by the lower bound of the text evidence"),
  total_upper_fen: fenSchema.describe("what it would be by the upper bound"),
  status: z.enum(["firm", "needs_review"]),
  high_value: z.boolean(),
  items: z.array(
    z.strictObject({
      service: serviceSchema,
      pictures: z.int().positive(),
      amount_fen: fenSchema,
      reason: z.string().describe("in the buyer's words"),
    }),
  ),
  sum_fen: fenSchema.describe("items together, urgency included, before the text minimum"),
  text_minimum_fen: fenSchema.describe("0 when there is no text"),
  reasons: z.array(z.string()).describe("what moved the total beyond its items, in the buyer's words"),
  nearest_change: z.array(nearestChangeSchema),
});
export type QuotePrice = z.infer<typeof quotePriceSchema>;

/**
 * Prices a demand (spec orders §3). Exact integers, monotone in characters and pictures.
 *
 * @param floorFen - what was agreed before work started; 0 for a fresh quote
 */
export function priceQuote(input: QuoteInput, rules: PricingRules, floorFen = 0): QuotePrice {
  const lower = computePrice(input, rules, "chars_lower", floorFen);
  const upper = computePrice(input, rules, "chars_upper", floorFen);
  const unreadable = input.items.some((item) => item.ocr === "failed" && touchesText(item, rules));
  return {
    total_fen: lower.total_fen,
    total_upper_fen: upper.total_fen,
    status: unreadable || lower.total_fen !== upper.total_fen ? "needs_review" : "firm",
    high_value: lower.total_fen >= rules.high_value_fen,
    items: input.items.map(({ service, pictures }, index) => {
      const amountFen = lower.amounts_fen[index] ?? 0;
      return {
        service,
        pictures,
        amount_fen: amountFen,
        reason: itemReason(service, pictures, amountFen, rules),
      };
    }),
    sum_fen: lower.sum_fen,
    text_minimum_fen: lower.text_minimum_fen,
    reasons: totalReasons(input, lower, rules, floorFen),
    nearest_change: findNearestChanges(input, rules, floorFen),
  };
}

function itemReason(
  service: QuoteInput["items"][number]["service"],
  pictures: number,
  amountFen: number,
  rules: PricingRules,
): string {
  const { name, base_fen } = rules.services[service];
  return fill(pictures === 1 ? rules.words.one_picture : rules.words.several_pictures, {
    name,
    pictures,
    extra: pictures - 1,
    first: yuan(base_fen),
    percent: rules.extra_picture_percent,
    amount: yuan(amountFen),
  });
}

function totalReasons(input: QuoteInput, price: Arithmetic, rules: PricingRules, floorFen: number): string[] {
  const { words } = rules;
  const reasons: string[] = [];
  if (input.urgent) {
    reasons.push(fill(words.urgent, { percent: rules.urgent_percent, amount: yuan(price.sum_fen) }));
  }
  if (price.text_minimum_fen > price.sum_fen) {
    reasons.push(fill(words.text_minimum, { chars: price.chars, amount: yuan(price.text_minimum_fen) }));
  }
  if (floorFen > Math.max(price.sum_fen, price.text_minimum_fen)) {
    reasons.push(fill(words.agreed_before, { amount: yuan(floorFen) }));
  }
  return reasons;
}

export function fill(template: string, values: Record<string, string | number>): string {
  return template.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}
