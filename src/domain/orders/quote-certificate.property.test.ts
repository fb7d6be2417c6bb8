import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { faultsOfSteps, isText, reckon } from "../../testing/quote-oracle.ts";
import { sealed, type Tampering, tamperedWith, tamperings } from "../../testing/tampering.ts";
import { computePrice } from "./price-arithmetic.ts";
import { type PricingRules, pricingRulesSchema } from "./pricing-rules.ts";
import { priceQuote, type QuoteInput, quoteInputSchema } from "./quote.ts";
import { issueQuoteCertificate, type QuoteCertificate } from "./quote-certificate.ts";
import { serviceSchema } from "./service.ts";
import { verifyQuote } from "./verify-quote.ts";

const RUNS = { numRuns: 10_000 };
// Far more than it takes alone: other tests run beside it.
const LIMIT_MS = 120_000;

const shopPrices = pricingRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/pricing.yaml", import.meta.url), "utf8")),
);

const chars = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 12 }),
  fc.integer({ min: 0, max: 35 }),
  fc.integer({ min: 0, max: 500 }),
);
const quoteItems = fc
  .record(
    {
      service: fc.constantFrom(...serviceSchema.options),
      pictures: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 })),
      bounds: fc.oneof(
        chars.map((count) => [count, count]),
        fc.tuple(chars, chars).map(([one, other]) => [Math.min(one, other), Math.max(one, other)]),
      ),
      touches_text: fc.boolean(),
      ocr: fc.constant("failed" as const),
      pictures_ref: fc.constantFrom("a", "b"),
    },
    { requiredKeys: ["service", "pictures", "bounds"] },
  )
  .map(({ bounds: [chars_lower = 0, chars_upper = 0], ...item }) => ({ ...item, chars_lower, chars_upper }));
const demands: fc.Arbitrary<QuoteInput> = fc
  .record({ urgent: fc.boolean(), items: fc.array(quoteItems, { minLength: 1, maxLength: 5 }) })
  .map((input) => quoteInputSchema.parse(input));

const money = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 300, max: 20_000 }),
  fc.integer({ min: 300, max: 1_000_000 }),
);
const priceLists: fc.Arbitrary<PricingRules> = fc.oneof(
  fc.constant(shopPrices),
  fc
    .record({
      bases: fc.array(fc.tuple(money, fc.boolean()), { minLength: 7, maxLength: 7 }),
      extra_picture_percent: fc.oneof(fc.constant(0), fc.integer({ min: 10, max: 200 })),
      urgent_percent: fc.integer({ min: 100, max: 1000 }),
      // Close ends: steps up and down of the same size are met.
      ends: fc.oneof(
        fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { maxLength: 4 }),
      ),
      minimums: fc.array(fc.integer({ min: 0, max: 15_000 }), { minLength: 5, maxLength: 5 }),
      high_value_fen: fc.integer({ min: 0, max: 40_000 }),
      quote_valid_hours: fc.integer({ min: 1, max: 100 }),
    })
    .map(({ bases, ends, minimums, ...rest }) => {
      const rising = minimums.toSorted((one, other) => one - other);
      return pricingRulesSchema.parse({
        ...shopPrices,
        ...rest,
        services: Object.fromEntries(
          serviceSchema.options.map((service, at) => {
            const [base_fen = 0, touches_text = false] = bases[at] ?? [];
            return [service, { ...shopPrices.services[service], base_fen, touches_text }];
          }),
        ),
        text_tiers: [...ends.toSorted((one, other) => one - other), null].map((up_to_chars, at) => ({
          up_to_chars,
          minimum_fen: rising[at],
        })),
      });
    }),
);
const floors = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 }));
const changes = fc.record({ at: fc.nat(), more: fc.integer({ min: 1, max: 40 }), turn: fc.nat() });

const issueQuote = (input: QuoteInput, rules: PricingRules, floorFen: number): QuoteCertificate =>
  issueQuoteCertificate({
    input,
    rules,
    rulesVersion: "v1",
    evidenceIds: ["text-1", "text-2"],
    now: Date.UTC(2026, 0, 1),
    id: "quote-1",
    floorFen,
  });

describe("a quote of any demand by any price list", () => {
  it(
    "costs what the specification's words say, and says what the nearest change is",
    () => {
      fc.assert(
        fc.property(demands, priceLists, (input, rules) => {
          const { nearest_change, ...quote } = priceQuote(input, rules);

          const [lower, upper] = [reckon(input, rules, "chars_lower"), reckon(input, rules, "chars_upper")];
          const isUnreadable = input.items.some((item) => item.ocr === "failed" && isText(item, rules));
          expect(Number.isSafeInteger(quote.total_fen) && quote.total_fen >= 0).toBe(true);
          expect({ ...quote, items: quote.items.map((item) => item.amount_fen), reasons: [] }).toEqual({
            items: lower.amounts,
            sum_fen: lower.sum,
            text_minimum_fen: lower.minimum,
            total_fen: lower.total,
            total_upper_fen: upper.total,
            status: isUnreadable || lower.total !== upper.total ? "needs_review" : "firm",
            high_value: lower.total >= rules.high_value_fen,
            reasons: [],
          });
          expect(faultsOfSteps(nearest_change, input, rules)).toEqual([]);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "is a certificate that holds, and holds no more once any one thing in it was changed",
    () => {
      fc.assert(
        fc.property(demands, priceLists, floors, tamperings, (input, rules, floorFen, tampering) => {
          const certificate = issueQuote(input, rules, floorFen);

          const verdicts = [
            certificate,
            tamperedWith(certificate, tampering),
            forgedResult(certificate, tampering),
          ];

          expect(verdicts.map((version) => verifyQuote(version).ok)).toEqual([true, false, false]);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "never falls with more characters, pictures, items or haste, whatever the order of the items",
    () => {
      fc.assert(
        fc.property(demands, priceLists, quoteItems, changes, (input, rules, another, { at, more, turn }) => {
          const { items } = input;
          const index = at % items.length;
          const total = (changed: QuoteInput) => [
            computePrice(changed, rules, "chars_lower", 0).total_fen,
            computePrice(changed, rules, "chars_upper", 0).total_fen,
          ];
          const grown = (by: { pictures: number; chars: number }) =>
            items.map((item, place) =>
              place === index
                ? {
                    ...item,
                    pictures: item.pictures + by.pictures,
                    chars_lower: item.chars_lower + by.chars,
                    chars_upper: item.chars_upper + by.chars,
                  }
                : item,
            );
          const [lower = 0, upper = 0] = total(input);
          const base = priceQuote(input, rules);
          const start = turn % items.length;

          const dearer = [
            total({ ...input, items: grown({ pictures: more, chars: 0 }) }),
            total({ ...input, items: grown({ pictures: 0, chars: more }) }),
            total({ ...input, items: [...items, another] }),
            total({ ...input, urgent: true }),
          ];
          const turned = priceQuote(
            { ...input, items: [...items.slice(start), ...items.slice(0, start)] },
            rules,
          );
          const reversed = priceQuote({ ...input, items: items.toReversed() }, rules);

          expect([base.total_fen, base.total_upper_fen]).toEqual([lower, upper]);
          expect(dearer.filter(([low = 0, up = 0]) => low < lower || up < upper)).toEqual([]);
          expect([withoutOrder(turned), withoutOrder(reversed)]).toEqual([
            withoutOrder(base),
            withoutOrder(base),
          ]);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );
});

describe("the shop's own price list", () => {
  it.each([
    [0, 2000],
    [1, 2000],
    [2, 6000],
    [10, 6000],
    [11, 7000],
    [30, 7000],
    [31, 8000],
    [500, 8000],
  ])(
    "asks for %i characters on one picture to be made sharper at least what the table says",
    (chars, total) => {
      const line = { service: "enhance", pictures: 1, chars_lower: chars, chars_upper: chars } as const;

      const quote = priceQuote({ urgent: false, items: [line] }, shopPrices);

      expect([quote.total_fen, quote.high_value, quote.status]).toEqual([total, total >= 6000, "firm"]);
    },
  );

  it("does not add up the stray characters of several pictures, but counts one beside real text as none", () => {
    const enhance = (chars: number) =>
      ({ service: "enhance", pictures: 1, chars_lower: chars, chars_upper: chars }) as const;
    const total = (...chars: number[]) =>
      priceQuote({ urgent: false, items: chars.map(enhance) }, shopPrices).total_fen;

    expect(total(1, 1)).toBe(4000);
    expect(total(10, 1)).toBe(6000);
    expect(total(9, 2)).toBe(7000);
    expect(total(30, 1)).toBe(7000);
  });
});

/** What of a quote may not depend on the order of its items. */
function withoutOrder({ items, nearest_change, ...rest }: ReturnType<typeof priceQuote>) {
  return {
    ...rest,
    items: items.map((item) => JSON.stringify(item)).sort(),
    // Of several steps of one size the first item's is named.
    steps: nearest_change.map((step) =>
      step.change === "urgent" ? step : { change: step.change, by: step.to - step.from },
    ),
  };
}

/** A forger who knows the seal changes one thing of the result and leaves what it follows from. */
function forgedResult(certificate: QuoteCertificate, tampering: Tampering): QuoteCertificate {
  const { id, input, evidence_ids, floor_fen, rules, rules_version, checksum, ...result } = certificate;
  const forged = tamperedWith(result, tampering);
  return sealed({ id, input, evidence_ids, floor_fen, rules, rules_version, checksum, ...forged });
}
