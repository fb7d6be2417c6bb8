import { z } from "zod";
import { checksumOf } from "./checksum.ts";
import { type PricingRules, pricingRulesSchema } from "./pricing-rules.ts";
import { priceQuote, type QuoteInput, quoteInputSchema, quotePriceSchema } from "./quote.ts";

const HOUR_MS = 60 * 60 * 1000;

/**
 * A quote that explains itself: result, every input, and the whole price list it was made with, so that it can be
 * recomputed from itself alone and honoured whatever the file says later.
 */
export const quoteCertificateSchema = quotePriceSchema.extend({
  id: z.string().min(1),
  issued_at: z.int().describe("UTC ms"),
  valid_until: z.int().describe("UTC ms"),
  input: quoteInputSchema,
  evidence_ids: z.array(z.string()).describe("the text evidence behind the character counts"),
  floor_fen: z.int().nonnegative().describe("agreed before work started; 0 for a fresh quote"),
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
};

export function issueQuoteCertificate(issue: QuoteIssue): QuoteCertificate {
  const floorFen = issue.floorFen ?? 0;
  const certificate = {
    ...priceQuote(issue.input, issue.rules, floorFen),
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

/** The last valid moment is valid_until itself; accepted in time, a quote is honoured at its price. */
export function isQuoteValid(certificate: QuoteCertificate, now: number): boolean {
  return now <= certificate.valid_until;
}
