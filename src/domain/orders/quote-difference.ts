import type { PricingRules } from "./pricing-rules.ts";
import type { QuoteInput } from "./quote.ts";
import { isQuoteValid, issueQuoteCertificate, type QuoteCertificate } from "./quote-certificate.ts";

export type QuoteRevision = {
  before: QuoteCertificate;
  /** The whole order as it is now wanted, not only what was added. */
  input: QuoteInput;
  isAccepted: boolean;
  hasWorkStarted: boolean;
  currentRules: PricingRules;
  currentRulesVersion: string;
  evidenceIds: string[];
  /** UTC ms */
  now: number;
  id: string;
};

/**
 * Prices an order anew, as one, after a later demand. Untouched items keep their price because an agreed or still
 * valid quote is continued on the price list it was made with; only a lapsed offer moves to today's. Once work has
 * started the total cannot fall: the certificate carries what was agreed as its floor.
 */
export function reviseQuote(revision: QuoteRevision): {
  certificate: QuoteCertificate;
  difference_fen: number;
} {
  const { before } = revision;
  const continues = revision.isAccepted || revision.hasWorkStarted || isQuoteValid(before, revision.now);
  const certificate = issueQuoteCertificate({
    input: revision.input,
    rules: continues ? before.rules : revision.currentRules,
    rulesVersion: continues ? before.rules_version : revision.currentRulesVersion,
    evidenceIds: revision.evidenceIds,
    now: revision.now,
    id: revision.id,
    floorFen: revision.hasWorkStarted ? before.total_fen : 0,
  });
  return { certificate, difference_fen: certificate.total_fen - before.total_fen };
}
