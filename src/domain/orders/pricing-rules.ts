import { z } from "zod";
import { serviceSchema } from "./service.ts";

// The bounds keep every product below 2^53, so integer arithmetic stays exact whatever the shop writes.
const fenSchema = z.int().nonnegative().max(1_000_000).describe("fen; 100 fen is 1 yuan");

const textTierSchema = z.strictObject({
  up_to_chars: z.int().positive().max(100_000).nullable().describe("null: no upper end"),
  minimum_fen: fenSchema,
});

const textTiersSchema = z
  .array(textTierSchema)
  .min(1)
  .superRefine((tiers, context) => {
    tiers.forEach((tier, index) => {
      const isLast = index === tiers.length - 1;
      if ((tier.up_to_chars === null) !== isLast) {
        context.addIssue({
          code: "custom",
          path: [index, "up_to_chars"],
          message: "only the last tier has no upper end",
        });
      }
      const before = tiers[index - 1];
      if (before === undefined) return;
      if (
        tier.up_to_chars !== null &&
        before.up_to_chars !== null &&
        tier.up_to_chars <= before.up_to_chars
      ) {
        context.addIssue({ code: "custom", path: [index, "up_to_chars"], message: "tiers must rise" });
      }
      // More characters may never cost less: totals are monotone.
      if (tier.minimum_fen < before.minimum_fen) {
        context.addIssue({ code: "custom", path: [index, "minimum_fen"], message: "minimums must not fall" });
      }
    });
  });

/** config/pricing.yaml (spec orders §3): integers in fen and percent, edited by the shop without code. */
export const pricingRulesSchema = z.strictObject({
  services: z.record(
    serviceSchema,
    z.strictObject({ name: z.string().min(1), base_fen: fenSchema, touches_text: z.boolean() }),
  ),
  extra_picture_percent: z.int().min(0).max(200),
  urgent_percent: z.int().min(100).max(1000),
  urgent_within_hours: z.number().positive(),
  text_tiers: textTiersSchema,
  high_value_fen: fenSchema,
  quote_valid_hours: z.int().positive().max(8760),
  require_payment: z.boolean(),
  designer: z
    .strictObject({ hours: z.number().positive().max(720), urgent_hours: z.number().positive().max(720) })
    .default({ hours: 24, urgent_hours: 2 })
    .describe("how long a designer has before a person looks into it"),
  words: z
    .strictObject({
      one_picture: z.string().min(1),
      several_pictures: z.string().min(1),
      urgent: z.string().min(1),
      text_minimum: z.string().min(1),
      agreed_before: z.string().min(1),
      settled: z.string().min(1).default("专人核对后定价 {amount} 元"),
    })
    .describe("sentences of a quote, for the buyer; {…} are filled in"),
});
export type PricingRules = z.infer<typeof pricingRulesSchema>;

/** From how many hours on work is urgent, and how many times the price that is: for the buyer. */
export function urgencyTerms(rules: PricingRules): { hours: number; times: number } {
  return { hours: rules.urgent_within_hours, times: rules.urgent_percent / 100 };
}
