import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type PricingRules, pricingRulesSchema } from "./pricing-rules.ts";
import { type QuoteInput, quoteInputSchema } from "./quote.ts";
import {
  isQuoteValid,
  issueQuoteCertificate,
  type QuoteCertificate,
  quoteCertificateSchema,
} from "./quote-certificate.ts";
import { verifyQuote } from "./verify-quote.ts";

const shopRules = pricingRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/pricing.yaml", import.meta.url), "utf8")),
);
const NOW = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

const services = ["find_image", "basic", "enhance", "cutout", "recolor", "edit_text", "redraw"] as const;
const inputs: fc.Arbitrary<QuoteInput> = fc
  .record({
    urgent: fc.boolean(),
    items: fc.array(
      fc.record(
        {
          service: fc.constantFrom(...services),
          pictures: fc.integer({ min: 1, max: 40 }),
          chars_lower: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 45 })),
          over: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
          touches_text: fc.boolean(),
          ocr: fc.constant("failed" as const),
          pictures_ref: fc.constantFrom("a", "b"),
        },
        { requiredKeys: ["service", "pictures", "chars_lower", "over"] },
      ),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ urgent, items }) =>
    quoteInputSchema.parse({
      urgent,
      items: items.map(({ over, ...item }) => ({ ...item, chars_upper: item.chars_lower + over })),
    }),
  );
const ruleSets: fc.Arbitrary<PricingRules> = fc.oneof(
  fc.constant(shopRules),
  fc
    .record({
      base: fc.integer({ min: 0, max: 9999 }),
      extra: fc.integer({ min: 0, max: 120 }),
      urgent: fc.integer({ min: 100, max: 300 }),
      tier: fc.integer({ min: 1, max: 25 }),
      minimum: fc.integer({ min: 0, max: 20_000 }),
    })
    .map(({ base, extra, urgent, tier, minimum }) => ({
      ...shopRules,
      services: { ...shopRules.services, enhance: { ...shopRules.services.enhance, base_fen: base } },
      extra_picture_percent: extra,
      urgent_percent: urgent,
      text_tiers: [
        { up_to_chars: tier, minimum_fen: minimum },
        { up_to_chars: null, minimum_fen: minimum + base },
      ],
    })),
);

const issue = (input: QuoteInput, rules = shopRules, floorFen = 0): QuoteCertificate =>
  issueQuoteCertificate({
    input,
    rules,
    rulesVersion: "v1",
    evidenceIds: ["e1"],
    now: NOW,
    id: "q1",
    floorFen,
  });
const aCertificate = () =>
  issue({
    urgent: true,
    items: [
      { service: "enhance", pictures: 3, chars_lower: 12, chars_upper: 14 },
      { service: "cutout", pictures: 2, chars_lower: 0, chars_upper: 0 },
    ],
  });

/** Every number in a JSON value, as a way to add one to it. */
function alterEachNumber(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value === "number") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => alterEachNumber(entry, [...path, key]));
}
function withChanged(certificate: QuoteCertificate, path: (string | number)[], by: number): QuoteCertificate {
  const copy: Record<string | number, unknown> = structuredClone(certificate);
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? "";
  at[last] = (at[last] as number) + by;
  return copy as QuoteCertificate;
}

describe("verifyQuote", () => {
  it("agrees with the engine on 10,000 random demands and price lists", () => {
    fc.assert(
      fc.property(inputs, ruleSets, fc.constantFrom(0, 0, 5000), (input, rules, floorFen) => {
        expect(verifyQuote(issue(input, rules, floorFen))).toEqual({ ok: true, value: true });
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it("still holds after the certificate went through JSON and its schema", () => {
    const stored = quoteCertificateSchema.parse(JSON.parse(JSON.stringify(aCertificate())));

    expect(verifyQuote(stored)).toEqual({ ok: true, value: true });
  });

  it("catches any number that was changed", () => {
    const certificate = aCertificate();
    const paths = alterEachNumber(certificate);

    expect(paths.length).toBeGreaterThan(30);
    for (const path of paths) {
      for (const by of [1, -1]) {
        expect(verifyQuote(withChanged(certificate, path, by)).ok, path.join(".")).toBe(false);
      }
    }
  });

  it("names a changed total even when the checksum was made to fit", () => {
    const { checksum: _, ...content } = aCertificate();

    const forged = { ...content, total_fen: content.total_fen - 100 };

    expect(verifyQuote({ ...forged, checksum: "anything" })).toEqual({ ok: false, refusal: "total-differs" });
  });

  it("catches a changed sentence to the buyer", () => {
    const certificate = aCertificate();
    const [first, ...rest] = certificate.items;
    if (first === undefined) throw new Error("no item");

    const forged = { ...certificate, items: [{ ...first, reason: "10 元" }, ...rest] };

    expect(verifyQuote(forged)).toEqual({ ok: false, refusal: "items-differ" });
  });
});

describe("isQuoteValid", () => {
  it("holds until 24 hours have passed, to the millisecond", () => {
    expect(isQuoteValid(aCertificate(), NOW + 24 * HOUR_MS)).toBe(true);
    expect(isQuoteValid(aCertificate(), NOW + 24 * HOUR_MS + 1)).toBe(false);
  });
});
