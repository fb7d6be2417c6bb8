import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pricingRulesSchema } from "./pricing-rules.ts";
import type { QuoteInput } from "./quote.ts";
import { issueQuoteCertificate } from "./quote-certificate.ts";
import { reviseQuote } from "./quote-difference.ts";
import { verifyQuote } from "./verify-quote.ts";

const rules = pricingRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/pricing.yaml", import.meta.url), "utf8")),
);
const dearer = structuredClone(rules);
dearer.services.cutout.base_fen = 9000;
const NOW = Date.UTC(2026, 0, 1);

const cutout = { service: "cutout" as const, pictures: 2, chars_lower: 0, chars_upper: 0 };
const lettering = { service: "edit_text" as const, pictures: 1, chars_lower: 4, chars_upper: 4 };
const before = issueQuoteCertificate({
  input: { urgent: false, items: [cutout] },
  rules,
  rulesVersion: "old",
  evidenceIds: [],
  now: NOW,
  id: "q1",
});
const revise = (items: QuoteInput["items"], change: Partial<Parameters<typeof reviseQuote>[0]> = {}) =>
  reviseQuote({
    before,
    input: { urgent: false, items },
    isAccepted: true,
    hasWorkStarted: false,
    currentRules: dearer,
    currentRulesVersion: "new",
    evidenceIds: ["e1"],
    now: NOW + 1000,
    id: "q2",
    ...change,
  });

describe("reviseQuote", () => {
  it("prices the order as one, so that a text minimum swallows what was agreed before", () => {
    const { certificate, difference_fen } = revise([cutout, lettering]);

    expect([before.total_fen, certificate.total_fen, difference_fen]).toEqual([3000, 6000, 3000]);
  });

  it("keeps the price of untouched items although the price list changed", () => {
    const { certificate } = revise([cutout, lettering]);

    expect(certificate.items[0]?.amount_fen).toBe(before.items[0]?.amount_fen);
    expect(certificate.rules_version).toBe("old");
  });

  it("moves to today's prices when the offer lapsed without a yes", () => {
    const { certificate } = revise([cutout], { isAccepted: false, now: before.valid_until + 1 });

    expect([certificate.rules_version, certificate.total_fen]).toEqual(["new", 13_500]);
  });

  it("gives money back before work starts", () => {
    expect(revise([{ ...cutout, pictures: 1 }]).difference_fen).toBe(-1000);
  });

  it("never falls below what was agreed once work has started, and says so", () => {
    const { certificate, difference_fen } = revise([{ ...cutout, pictures: 1 }], { hasWorkStarted: true });

    expect([certificate.total_fen, difference_fen]).toEqual([3000, 0]);
    expect(certificate.reasons).toEqual(["这单已经按 30 元开工，价格不再往下调"]);
    expect(verifyQuote(certificate)).toEqual({ ok: true, value: true });
  });
});
