import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type PricingRules, pricingRulesSchema } from "./pricing-rules.ts";
import { priceQuote, type QuoteInput, quoteInputSchema } from "./quote.ts";

const rules = pricingRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/pricing.yaml", import.meta.url), "utf8")),
);

type ItemLine = Partial<QuoteInput["items"][number]>;
const anInput = (items: ItemLine[], urgent = false): QuoteInput =>
  quoteInputSchema.parse({
    urgent,
    items: items.map((item) => ({ service: "cutout", pictures: 1, chars_lower: 0, chars_upper: 0, ...item })),
  });
const withText = (chars: number, item: ItemLine = {}): ItemLine => ({
  service: "enhance",
  chars_lower: chars,
  chars_upper: chars,
  ...item,
});

describe("priceQuote", () => {
  it.each([
    ["the base for one picture", [{}], false, 2000],
    ["half the base for each further picture", [{ pictures: 3 }], false, 4000],
    ["the sum of items", [{}, { service: "recolor" }], false, 5000],
    ["one and a half times the sum when urgent", [{}, { service: "recolor" }], true, 7500],
    ["no minimum for one stray character", [withText(1)], false, 2000],
    ["60 yuan from 2 characters", [withText(2)], false, 6000],
    ["60 yuan up to 10 characters", [withText(10)], false, 6000],
    ["70 yuan from 11 characters", [withText(11)], false, 7000],
    ["70 yuan up to 30 characters", [withText(30)], false, 7000],
    ["80 yuan from 31 characters", [withText(31)], false, 8000],
    ["the minimum last, not multiplied by urgency", [withText(5)], true, 6000],
    ["the sum when it is above the minimum", [withText(5, { pictures: 10 })], false, 11_000],
    ["no minimum for a service that leaves text alone", [{ chars_lower: 50, chars_upper: 50 }], false, 2000],
    ["characters of two services on different pictures added", [withText(6), withText(6)], false, 7000],
    [
      "characters of two services on the same pictures once",
      [withText(6, { pictures_ref: "a" }), withText(6, { pictures_ref: "a", service: "edit_text" })],
      false,
      6000,
    ],
    [
      "an override that says text is touched",
      [{ touches_text: true, chars_lower: 3, chars_upper: 3 }],
      false,
      6000,
    ],
    ["an override that says it is not", [withText(20, { touches_text: false })], false, 2000],
  ] as [string, ItemLine[], boolean, number][])("charges %s", (_name, items, urgent, total) => {
    expect(priceQuote(anInput(items, urgent), rules).total_fen).toBe(total);
  });

  it("is firm when both bounds price the same and asks for review when they differ", () => {
    expect(priceQuote(anInput([withText(3, { chars_upper: 9 })]), rules).status).toBe("firm");
    expect(priceQuote(anInput([withText(3, { chars_upper: 11 })]), rules)).toMatchObject({
      status: "needs_review",
      total_fen: 6000,
      total_upper_fen: 7000,
    });
  });

  it("asks for review when OCR failed where text matters, and only there", () => {
    expect(priceQuote(anInput([withText(0, { ocr: "failed" })]), rules).status).toBe("needs_review");
    expect(priceQuote(anInput([{ ocr: "failed" }]), rules).status).toBe("firm");
  });

  it("calls an order high-value by the lower total", () => {
    expect(priceQuote(anInput([withText(0, { chars_upper: 5 })]), rules).high_value).toBe(false);
    expect(priceQuote(anInput([withText(5)]), rules).high_value).toBe(true);
  });

  it("says why in the buyer's words", () => {
    const price = priceQuote(anInput([withText(12, { pictures: 2 })], true), rules);

    expect(price.items[0]?.reason).toBe("高清/去噪/锐化 2 张：首张 20 元，另外 1 张每张按 50% 算，共 30 元");
    expect(price.reasons).toEqual([
      "加急处理，按 150% 算，合计 45 元",
      "图上有 12 个字要处理，这类图整单最低 70 元",
    ]);
  });

  it("rounds half a fen up, once per item and once for urgency", () => {
    const odd: PricingRules = structuredClone(rules);
    odd.services.basic.base_fen = 333;

    expect(priceQuote(anInput([{ service: "basic", pictures: 2 }]), odd).total_fen).toBe(500);
    expect(priceQuote(anInput([{ service: "basic" }], true), odd).total_fen).toBe(500);
  });

  it("lists the smallest step of characters, pictures and urgency", () => {
    expect(priceQuote(anInput([withText(10)]), rules).nearest_change).toEqual([
      { change: "characters", from: 10, to: 11, total_fen: 7000 },
      { change: "pictures", from: 1, to: 6, total_fen: 7000 },
    ]);
    expect(priceQuote(anInput([withText(0)]), rules).nearest_change).toEqual([
      { change: "characters", from: 0, to: 2, total_fen: 6000 },
      { change: "pictures", from: 1, to: 2, total_fen: 3000 },
      { change: "urgent", from: false, to: true, total_fen: 3000 },
    ]);
    expect(priceQuote(anInput([withText(12)]), rules).nearest_change[0]).toEqual({
      change: "characters",
      from: 12,
      to: 10,
      total_fen: 6000,
    });
  });

  it("prefers more characters when more and fewer are equally near", () => {
    const narrow: PricingRules = structuredClone(rules);
    narrow.text_tiers = [
      { up_to_chars: 10, minimum_fen: 6000 },
      { up_to_chars: 11, minimum_fen: 7000 },
      { up_to_chars: null, minimum_fen: 8000 },
    ];

    expect(priceQuote(anInput([withText(11)]), narrow).nearest_change[0]).toMatchObject({ from: 11, to: 12 });
  });

  it("is an exact integer and never falls with more characters or pictures", () => {
    const item = fc.record({
      service: fc.constantFrom("find_image", "basic", "enhance", "cutout", "recolor", "edit_text", "redraw"),
      pictures: fc.integer({ min: 1, max: 200 }),
      chars_lower: fc.integer({ min: 0, max: 60 }),
      extra: fc.integer({ min: 0, max: 10 }),
    });
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.nat(),
        (drawn, urgent, at) => {
          const items = drawn.map(
            ({ extra, ...line }) => ({ ...line, chars_upper: line.chars_lower + extra }) as ItemLine,
          );
          const price = (changed: ItemLine[]) => priceQuote(anInput(changed, urgent), rules);
          const grown = (field: "pictures" | "chars_lower" | "chars_upper") =>
            items.map((line, index) =>
              index === at % items.length ? { ...line, [field]: (line[field] ?? 0) + 1 } : line,
            );
          const base = price(items);

          expect(Number.isSafeInteger(base.total_fen)).toBe(true);
          expect(base.total_upper_fen).toBeGreaterThanOrEqual(base.total_fen);
          expect(price(grown("pictures")).total_fen).toBeGreaterThanOrEqual(base.total_fen);
          expect(price(grown("chars_upper")).total_upper_fen).toBeGreaterThanOrEqual(base.total_upper_fen);
          const moreText = items.map((line, index) =>
            index === at % items.length
              ? {
                  ...line,
                  chars_lower: (line.chars_lower ?? 0) + 1,
                  chars_upper: (line.chars_upper ?? 0) + 1,
                }
              : line,
          );
          expect(price(moreText).total_fen).toBeGreaterThanOrEqual(base.total_fen);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("quoteInputSchema", () => {
  const line = { service: "enhance", pictures: 1, chars_lower: 0, chars_upper: 0 };

  it.each([
    ["no items", { urgent: false, items: [] }],
    ["no pictures", { urgent: false, items: [{ ...line, pictures: 0 }] }],
    ["half a picture", { urgent: false, items: [{ ...line, pictures: 1.5 }] }],
    ["a lower bound above the upper", { urgent: false, items: [{ ...line, chars_lower: 2 }] }],
    ["an unknown service", { urgent: false, items: [{ ...line, service: "paint" }] }],
    ["urgency left open", { items: [line] }],
  ])("refuses %s", (_name, input) => {
    expect(quoteInputSchema.safeParse(input).success).toBe(false);
  });
});

describe("pricingRulesSchema", () => {
  it.each([
    ["fractions of a fen", { high_value_fen: 10.5 }],
    ["a last tier with an upper end", { text_tiers: [{ up_to_chars: 10, minimum_fen: 6000 }] }],
    [
      "a minimum that falls",
      {
        text_tiers: [
          { up_to_chars: 10, minimum_fen: 6000 },
          { up_to_chars: null, minimum_fen: 5000 },
        ],
      },
    ],
    [
      "tiers out of order",
      {
        text_tiers: [
          { up_to_chars: 30, minimum_fen: 6000 },
          { up_to_chars: 10, minimum_fen: 6000 },
          { up_to_chars: null, minimum_fen: 7000 },
        ],
      },
    ],
    ["a missing service", { services: { basic: rules.services.basic } }],
    ["a misspelt key", { urgent_procent: 150 }],
  ])("refuses %s", (_name, change) => {
    expect(pricingRulesSchema.safeParse({ ...rules, ...change }).success).toBe(false);
  });
});
