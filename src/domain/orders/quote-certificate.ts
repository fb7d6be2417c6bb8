import { z } from "zod";
import { yuan } from "../replies.ts";
import { checksumOf } from "./checksum.ts";
import { type PricingRules, pricingRulesSchema } from "./pricing-rules.ts";
import { fill, priceQuote, type QuoteInput, quotePriceSchema } from "./quote.ts";
import { pricedInputSchema } from "./quote-input.ts";

const HOUR_MS = 60 * 60 * 1000;

/**
 * A quote that explains itself: result, every input, and the whole price list it was made with, so that it can be
 * recomputed from itself alone and honoured whatever the file says later.
 */
export const quoteCertificateSchema = quotePriceSchema.extend({
  id: z.string().min(1),
  issued_at: z.int().describe("UTC ms"),
  valid_until: z.int().describe("UTC ms"),
  input: pricedInputSchema,
  evidence_ids: z.array(z.string()).describe("the text evidence behind the character counts"),
  floor_fen: z.int().nonnegative().describe("agreed before work started; 0 for a fresh quote"),
  settled: z
    .strictObject({ by: z.string().min(1), total_fen: z.int().nonnegative() })
    .exactOptional()
    .describe("a person's price, which stands above the list's"),
  rules: pricingRulesSchema,
  rules_version: z.string().min(1).describe("hash of config/pricing.yaml"),
  checksum: z.string(),
});
export type QuoteCertificate = z.infer<typeof quoteCertificateSchema>;

export type QuoteIssue = {
  input: QuoteInput;
  rules: PricingRules;
  rulesVersion: string;
  evidenceIds: string[];
  /** UTC ms */
  now: number;
  id: string;
  floorFen?: number;
  /** A person's price: where the rules are not sure, or know none. */
  settled?: { by: string; total_fen: number };
};

export function issueQuoteCertificate(issue: QuoteIssue): QuoteCertificate {
  const floorFen = issue.floorFen ?? 0;
  const certificate = {
    ...priceQuote(issue.input, issue.rules, floorFen),
    ...(issue.settled === undefined ? {} : settledPrice(issue.settled, issue.rules)),
    id: issue.id,
    issued_at: issue.now,
    valid_until: issue.now + issue.rules.quote_valid_hours * HOUR_MS,
    input: issue.input,
    evidence_ids: issue.evidenceIds,
    floor_fen: floorFen,
    rules: issue.rules,
    rules_version: issue.rulesVersion,
  };
  return { ...certificate, checksum: checksumOf(certificate) };
}

/** A person's price is sure, and no change of the inputs moves it. */
function settledPrice(
  settled: NonNullable<QuoteIssue["settled"]>,
  rules: PricingRules,
): Partial<QuoteCertificate> {
  const { total_fen } = settled;
  return {
    settled,
    total_fen,
    total_upper_fen: total_fen,
    status: "firm",
    high_value: total_fen >= rules.high_value_fen,
    reasons: [fill(rules.words.settled, { amount: yuan(total_fen) })],
    nearest_change: [],
  };
}

/** The last valid moment is valid_until itself; accepted in time, a quote is honoured at its price. */
export function isQuoteValid(certificate: QuoteCertificate, now: number): boolean {
  return now <= certificate.valid_until;
}
