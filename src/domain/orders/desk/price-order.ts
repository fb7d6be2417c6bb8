import type { TextEvidence } from "../evidence.ts";
import type { QuoteInput } from "../quote.ts";
import { issueQuoteCertificate, type QuoteCertificate, type QuoteIssue } from "../quote-certificate.ts";
import type { Service } from "../service.ts";
import type { DeskDeps } from "./deps.ts";

/** What is priced: each service works on all pictures of the order, and counts their characters once. */
export type Priced = { services: Service[]; pictures: number; urgent: boolean; evidence: TextEvidence[] };

export function quoteInputOf({ services, pictures, urgent, evidence }: Priced): QuoteInput {
  const failed = evidence.some((text) => text.failed);
  const sum = (pick: (text: TextEvidence) => number) =>
    evidence.reduce((total, text) => total + (pick(text) <= 1 ? 0 : pick(text)), 0);
  return {
    urgent,
    items: services.map((service) => ({
      service,
      pictures: Math.max(1, pictures),
      chars_lower: sum((text) => text.chars_lower),
      chars_upper: sum((text) => text.chars_upper),
      pictures_ref: "order",
      ...(failed ? { ocr: "failed" as const } : {}),
    })),
  };
}

/**
 * @param terms - floorFen: what was agreed before work started, the total never falls below it. settled: a person's
 *   price instead of the list's
 */
export function priceOrder(
  deps: DeskDeps,
  priced: Priced,
  terms: Pick<QuoteIssue, "floorFen" | "settled"> = {},
): QuoteCertificate {
  const rules = deps.rules();
  return issueQuoteCertificate({
    id: deps.ambient.newId("q"),
    input: quoteInputOf(priced),
    rules: rules.pricing,
    rulesVersion: rules.pricingVersion,
    evidenceIds: priced.evidence.map((text) => text.id),
    now: deps.ambient.now(),
    ...terms,
  });
}

/** True when any of these services is priced by the characters it touches. */
export function needsText(deps: DeskDeps, services: readonly Service[]): boolean {
  const { pricing } = deps.rules();
  return services.some((service) => pricing.services[service].touches_text);
}
