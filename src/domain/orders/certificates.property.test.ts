import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  assessRisk,
  type RiskAssessment,
  type RiskInput,
  type RiskReason,
  statesOwnership,
} from "./assess-risk.ts";
import { checksumOf } from "./checksum.ts";
import { computePrice } from "./price-arithmetic.ts";
import { type PricingRules, pricingRulesSchema } from "./pricing-rules.ts";
import { priceQuote, type QuoteInput, quoteInputSchema } from "./quote.ts";
import { issueQuoteCertificate, type QuoteCertificate } from "./quote-certificate.ts";
import { issueRiskCertificate, type RiskCertificate, riskCertificateSchema } from "./risk-certificate.ts";
import { riskRulesSchema } from "./risk-rules.ts";
import { type Decision, decisionSchema, serviceSchema } from "./service.ts";
import { blankOut, compileTerm, findTerm, foldDisguise } from "./text-folding.ts";
import { verifyQuote } from "./verify-quote.ts";
import { verifyRisk } from "./verify-risk.ts";

/** The same cases every time; change the seed to look elsewhere. */
const RUNS = { numRuns: 10_000, seed: 20_261_121 };
// Far more than it takes alone: other tests run beside it.
const LIMIT_MS = 120_000;

const readConfig = (name: string): unknown =>
  parse(readFileSync(new URL(`../../../config/${name}`, import.meta.url), "utf8"));
const shopPrices = pricingRulesSchema.parse(readConfig("pricing.yaml"));
const riskRules = riskRulesSchema.parse(readConfig("risk.yaml"));

const SEVERITY: Record<Decision, number> = { accept: 0, review: 1, reject: 2 };
const flagClasses = fc.constantFrom(...Object.keys(riskRules.model_flags.classes), "odd", "toString");

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
const tamperings = fc.record({
  place: fc.nat(),
  by: fc.integer({ min: -9, max: 9 }).filter((by) => by !== 0),
});

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

const HARMLESS = [
  "你好",
  "帮我抠图",
  "换白底",
  "要透明的",
  "一共三张",
  "裙子调亮一点",
  "多少钱",
  "谢谢",
  "海报",
  "急用",
  "ok",
  "2",
];
/** What the rules themselves list as harmless: look-alikes, exceptions, products, mere handling, stated ownership. */
const softeners = [
  ...riskRules.lookalikes,
  ...riskRules.lookalikes_without_work,
  ...riskRules.word_rules.flatMap((rule) => rule.without ?? []),
  ...riskRules.ownership.stated,
  ...Object.entries(riskRules.documents).flatMap(([name, listed]) =>
    name === "change_words" || !Array.isArray(listed) ? [] : onlyTexts(listed),
  ),
].map((term) => compileTerm(term, riskRules.folding, true));

function onlyTexts(entries: readonly unknown[]): string[] {
  return entries.filter((entry) => typeof entry === "string");
}

function maySoften(line: string): boolean {
  const folded = foldDisguise(line, riskRules.folding.characters);
  return softeners.some((term) => findTerm(folded, term).length > 0);
}

const lexiconWords = [
  ...riskRules.word_rules.flatMap((rule) => [...rule.any, ...(rule.with ?? []), ...(rule.without ?? [])]),
  ...riskRules.documents.groups.flatMap((group) => [...group.terms, ...group.exact_terms, ...group.ocr_any]),
  ...riskRules.documents.groups.flatMap((group) => group.ocr_several?.of ?? []),
  ...riskRules.documents.change_words,
  ...riskRules.documents.handling_words,
  ...riskRules.documents.neutral_words,
  ...riskRules.documents.product_endings,
  ...riskRules.lookalikes,
  ...riskRules.lookalikes_without_work,
  ...Object.values(riskRules.ownership).flat(),
].map((term) => term.replaceAll("*", "一下"));
const linesOf = (words: readonly string[]) =>
  fc
    .array(
      fc.tuple(
        fc.oneof(fc.constantFrom(...words), fc.constantFrom(...HARMLESS)),
        fc.constantFrom("", "", " ", "，", "🔴", "\u200b", "\n"),
      ),
      { maxLength: 3 },
    )
    .map((parts) => parts.flat().join(""));
const sayings = linesOf(lexiconWords);
const hardLines = linesOf(lexiconWords.filter((word) => !maySoften(word)));
const clock = fc.integer({ min: 0, max: 9 });
const riskDemands: fc.Arbitrary<RiskInput> = fc.record(
  {
    words: sayings,
    ocr_text: fc.oneof(fc.constant(""), sayings),
    services: fc.uniqueArray(fc.constantFrom(...serviceSchema.options), { maxLength: 2 }),
    pictures: fc.array(
      fc.record({
        width: fc.integer({ min: 1, max: 600 }),
        height: fc.integer({ min: 1, max: 600 }),
        verdict: fc.constantFrom("yes", "no", "unsure"),
      }),
      { maxLength: 2 },
    ),
    enlarge_factor: fc.integer({ min: 1, max: 9 }),
    deadline_ms: clock,
    earliest_finish_ms: clock,
    contradictions: fc.array(fc.constantFrom("透明底", "jpg"), { maxLength: 2 }),
    ownership_stated: fc.boolean(),
    buyer: fc.record({
      blacklisted: fc.boolean(),
      unpaid_quotes_7d: fc.integer({ min: 0, max: 5 }),
      abusive: fc.boolean(),
    }),
    total_fen: fc.integer({ min: 5990, max: 6010 }),
    model_flags: fc.array(fc.record({ class: flagClasses, why: fc.constantFrom("a logo", "") }), {
      maxLength: 2,
    }),
  },
  {
    requiredKeys: ["words", "ocr_text", "services", "pictures", "ownership_stated", "buyer", "model_flags"],
  },
);

const aRiskDemand: RiskInput = {
  words: "",
  ocr_text: "",
  services: [],
  pictures: [],
  ownership_stated: false,
  buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
  model_flags: [],
};
const issueRisk = (input: RiskInput): RiskCertificate =>
  issueRiskCertificate({ id: "risk-1", input, rules: riskRules, rulesVersion: "v1", now: 0 });

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

describe("a risk decision on any words", () => {
  it(
    "is the same each time, a certificate that holds, and holds no more once anything was changed",
    () => {
      fc.assert(
        fc.property(riskDemands, tamperings, (input, tampering) => {
          const certificate = issueRisk(input);
          const { assessment } = certificate;

          const again = JSON.stringify(issueRisk(structuredClone(input)));
          const stored = riskCertificateSchema.parse(JSON.parse(again));
          const others = decisionSchema.options.filter((decision) => decision !== assessment.decision);
          const decided = others.map((decision) => ({
            ...certificate,
            assessment: { ...assessment, decision },
          }));
          const shortened = assessment.reasons.map((_reason, at) => leaveOut(certificate, at));
          const unmeasured = shortened.filter((_version, at) => isMeasured(assessment.reasons[at]));
          const forged = [
            tamperedWith(certificate, tampering),
            ...decided,
            ...shortened,
            // A forger who knows the seal.
            ...pickOne(decided, tampering.place).map(sealed),
            // Measures and flags are recomputed: who mends decision, score and seal still cannot drop one.
            ...pickOne(unmeasured, tampering.place).map(mended).map(sealed),
          ];

          expect(again).toBe(JSON.stringify(certificate));
          expect(verifyRisk(stored)).toEqual({ ok: true, value: true });
          expect(forged.filter((version) => verifyRisk(version).ok)).toEqual([]);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it(
    "is never softer for a model's flag, nor for one more line that says nothing which may soften",
    () => {
      fc.assert(
        fc.property(riskDemands, flagClasses, hardLines, (drawn, flagClass, line) => {
          fc.pre(!maySoften(line));
          const input = { ...drawn, ownership_stated: statesOwnership(drawn.words, riskRules) };
          const words = `${input.words}\n${line}`;
          const before = assessRisk(input, riskRules);

          const flags = [...input.model_flags, { class: flagClass, why: "seen in the picture" }];
          const flagged = assessRisk({ ...input, model_flags: flags }, riskRules);
          const longer = assessRisk(
            { ...input, words, ownership_stated: statesOwnership(words, riskRules) },
            riskRules,
          );

          expect(flagged.reasons.slice(0, before.reasons.length)).toEqual(before.reasons);
          expect(flagged.score >= before.score && !isSofter(flagged, before)).toBe(true);
          expect(isSofter(longer, before), `${before.decision} became ${longer.decision}`).toBe(false);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  it.each([
    ["a harmless thing named beside", "打倒政府的横幅", "做得不好可以推翻重做", "reject", "reject"],
    ["jewellery named beside", "赌场海报", "放一条18k彩金项链", "reject", "reject"],
    ["a harmless line beside", "去掉图库字样", "再加水印", "review", "review"],
    ["ownership stated", "水印去掉", "我自己拍的", "review", "accept"],
    ["a document that is only straightened", "身份证", "拉正就行", "reject", "review"],
    ["a poster against drugs", "海报上写冰毒的危害", "禁毒宣传用", "reject", "accept"],
  ] as const)(
    "is softened by words only where the rules say so: %s",
    (_name, words, line, alone, together) => {
      const decide = (text: string) =>
        assessRisk(
          { ...aRiskDemand, words: text, ownership_stated: statesOwnership(text, riskRules) },
          riskRules,
        ).decision;

      expect([decide(words), decide(`${words}\n${line}`)]).toEqual([alone, together]);
    },
  );

  it("overlooks a harmless word in each of its places, also where two of them overlap", () => {
    const spans = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 6 });
    fc.assert(
      fc.property(spans, (drawn) => {
        const text = "0123456789";
        const places = drawn.map(([one, other]) => ({
          start: Math.min(one, other),
          end: Math.max(one, other),
        }));
        const isBlank = (at: number) => places.some(({ start, end }) => start <= at && at < end);

        const blanked = blankOut({ text, source: text, origins: [] }, places);

        expect(blanked.text).toBe([...text].map((char, at) => (isBlank(at) ? "\uFFFC" : char)).join(""));
      }),
      RUNS,
    );
  });

  it("is not softened by words that match a rule harmlessly when the picture breaks that rule", () => {
    const seen = { ...aRiskDemand, words: "彩金戒指抠图", ocr_text: "澳门赌场 首充送彩金" };

    expect(assessRisk(seen, riskRules).decision).toBe("reject");
  });
});

/** A price by the specification's words, line by line; nothing of the engine's arithmetic. */
function reckon(input: QuoteInput, rules: PricingRules, bound: "chars_lower" | "chars_upper") {
  const halfUp = (hundredths: number) => Math.round(hundredths / 100);
  // Item: base × (1 + 0.5 × (pictures − 1)).
  const amounts = input.items.map(({ service, pictures }) =>
    halfUp(rules.services[service].base_fen * (100 + rules.extra_picture_percent * (pictures - 1))),
  );
  // Sum of items; urgent: × 1.5.
  let sum = 0;
  for (const amount of amounts) sum += amount;
  if (input.urgent) sum = halfUp(sum * rules.urgent_percent);
  // Characters of all pictures that a text-touching service works on; two services on one picture: once; one stray: 0.
  const readings: Record<string, number> = {};
  for (const [at, item] of input.items.entries()) {
    if (!isText(item, rules)) continue;
    const pictures = item.pictures_ref === undefined ? `#${at}` : `=${item.pictures_ref}`;
    readings[pictures] = Math.max(readings[pictures] ?? 0, item[bound]);
  }
  const chars = Object.values(readings)
    .filter((count) => count !== 1)
    .reduce((total, count) => total + count, 0);
  // One minimum per quote, applied last.
  const tier = rules.text_tiers.filter(
    ({ up_to_chars }) => up_to_chars !== null && up_to_chars < chars,
  ).length;
  const minimum = chars === 0 ? 0 : (rules.text_tiers[tier]?.minimum_fen ?? Number.NaN);
  return { amounts, sum, minimum, total: Math.max(sum, minimum) };
}

function isText(item: QuoteInput["items"][number], rules: PricingRules): boolean {
  return item.touches_text ?? rules.services[item.service].touches_text;
}

type Axis = "characters" | "pictures";
const WALKED = 6;
const MOST: Record<Axis, number> = { characters: 1_000_000, pictures: 10_000 };
const LEAST: Record<Axis, number> = { characters: 0, pictures: 1 };

/** Each listed step must do what it claims, no smaller one may do anything, and where none is listed none exists. */
function faultsOfSteps(
  listed: QuoteCertificate["nearest_change"],
  input: QuoteInput,
  rules: PricingRules,
): string[] {
  const totalOf = (changed: QuoteInput) => reckon(changed, rules, "chars_lower").total;
  const total = totalOf(input);
  const faults: string[] = [];
  for (const axis of ["characters", "pictures"] as const) {
    const steps = listed.filter((step) => step.change !== "urgent").filter((step) => step.change === axis);
    const [found] = steps;
    if (steps.length > 1) faults.push(`${axis} listed twice`);
    const isUp = found !== undefined && found.to > found.from;
    const size = found === undefined ? null : Math.abs(found.to - found.from);
    if (found !== undefined) {
      const claimed = totalOf(moved(input, axis, found.item ?? 0, found.to));
      if (claimed !== found.total_fen || claimed === total)
        faults.push(`${axis}: ${claimed} by the step listed`);
      if (found.from !== standOf(input, rules, axis, found.item ?? 0))
        faults.push(`${axis}: from ${found.from}`);
      if ((found.item === undefined) !== (input.items.length === 1))
        faults.push(`${axis}: item ${found.item}`);
    }
    for (const at of input.items.keys()) {
      const from = standOf(input, rules, axis, at);
      if (from === null) continue;
      const idle: number[] = [];
      for (let step = 1; step <= WALKED && step < (size ?? WALKED + 1); step += 1)
        idle.push(from + step, from - step);
      if (size === null) idle.push(MOST[axis], LEAST[axis]);
      else {
        // Totals only rise: the step just below the listed one stands for all that were not walked.
        idle.push(from + size - 1, from - size + 1);
        // Of equal steps the one up is named.
        if (!isUp) idle.push(from + size);
      }
      for (const to of idle) {
        if (to < LEAST[axis] || to > MOST[axis]) continue;
        if (totalOf(moved(input, axis, at, to)) !== total) faults.push(`${axis} of item ${at} to ${to}`);
      }
    }
  }
  const flipped = totalOf({ ...input, urgent: !input.urgent });
  const urgent = { change: "urgent", from: input.urgent, to: !input.urgent, total_fen: flipped };
  const claimed = JSON.stringify(listed.filter(({ change }) => change === "urgent"));
  if (claimed !== JSON.stringify(flipped === total ? [] : [urgent])) faults.push(`urgent: ${claimed}`);
  return faults;
}

/** Where an item stands on an axis now; null when the axis does not concern it. */
function standOf(input: QuoteInput, rules: PricingRules, axis: Axis, at: number): number | null {
  const item = input.items[at];
  if (item === undefined) return null;
  if (axis === "pictures") return item.pictures;
  if (!isText(item, rules)) return null;
  if (item.pictures_ref === undefined) return item.chars_lower;
  const sharing = input.items.filter(
    (other) => other.pictures_ref === item.pictures_ref && isText(other, rules),
  );
  return Math.max(...sharing.map((other) => other.chars_lower));
}

function moved(input: QuoteInput, axis: Axis, at: number, to: number): QuoteInput {
  const ref = input.items[at]?.pictures_ref;
  return {
    ...input,
    items: input.items.map((item, index) => {
      if (axis === "pictures") return index === at ? { ...item, pictures: to } : item;
      return index === at || (ref !== undefined && item.pictures_ref === ref)
        ? { ...item, chars_lower: to }
        : item;
    }),
  };
}

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

type Tampering = { place: number; by: number };
type Place = (string | number)[];

/** Every value in a certificate, and every list (which can lose an entry). */
function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return value === undefined ? [] : [place];
  const inside = Object.entries(value).flatMap(([key, entry]) => placesIn(entry, [...place, key]));
  return Array.isArray(value) && value.length > 0 ? [place, ...inside] : inside;
}

const FAMILIES: readonly (readonly string[])[] = [
  serviceSchema.options,
  decisionSchema.options,
  ["firm", "needs_review"],
  ["yes", "no", "unsure"],
  ["characters", "pictures"],
];

function alter(value: unknown, by: number): unknown {
  if (typeof value === "number") return value + by;
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return value.toSpliced(Math.abs(by) % value.length, 1);
  if (typeof value !== "string") return Math.abs(by);
  if (value === "failed") return undefined;
  const family = FAMILIES.find((members) => members.includes(value));
  if (family === undefined) return by > 0 ? `${value}${by}` : value.slice(1);
  const others = family.filter((member) => member !== value);
  return others[Math.abs(by) % others.length];
}

function changedAt(value: unknown, [key, ...rest]: Place, by: number): unknown {
  if (key === undefined) return alter(value, by);
  if (Array.isArray(value)) {
    return value.map((entry: unknown, at) => (at === Number(key) ? changedAt(entry, rest, by) : entry));
  }
  const fields = value as Record<string, unknown>;
  return { ...fields, [key]: changedAt(fields[key], rest, by) };
}

/** The certificate with one thing in it changed: a number, a flag, a word, a list that lost an entry. */
function tamperedWith<Certificate>(certificate: Certificate, { place, by }: Tampering): Certificate {
  const places = placesIn(certificate).filter((at) => at.length > 0);
  const chosen = places[place % places.length] ?? [];
  const isEmptyWord =
    chosen.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], certificate) === "";
  return changedAt(certificate, chosen, isEmptyWord ? Math.abs(by) : by) as Certificate;
}

function sealed<Certificate extends { checksum: string }>({
  checksum: _,
  ...content
}: Certificate): Certificate {
  return { ...content, checksum: checksumOf(content) } as Certificate;
}

/** A forger who knows the seal changes one thing of the result and leaves what it follows from. */
function forgedResult(certificate: QuoteCertificate, tampering: Tampering): QuoteCertificate {
  const { id, input, evidence_ids, floor_fen, rules, rules_version, checksum, ...result } = certificate;
  const forged = tamperedWith(result, tampering);
  return sealed({ id, input, evidence_ids, floor_fen, rules, rules_version, checksum, ...forged });
}

function pickOne<Entry>(entries: readonly Entry[], at: number): Entry[] {
  const start = entries.length === 0 ? 0 : at % entries.length;
  return entries.slice(start, start + 1);
}

function leaveOut(certificate: RiskCertificate, at: number): RiskCertificate {
  const { assessment } = certificate;
  return { ...certificate, assessment: { ...assessment, reasons: assessment.reasons.toSpliced(at, 1) } };
}

/** Decision and score as they follow from the reasons that are left. */
function mended(certificate: RiskCertificate): RiskCertificate {
  const { reasons } = certificate.assessment;
  const decision = (["reject", "review"] as const).find((one) =>
    reasons.some((reason) => reason.decision === one),
  );
  const score = Math.min(
    100,
    reasons.reduce((sum, reason) => sum + reason.score, 0),
  );
  return { ...certificate, assessment: { ...certificate.assessment, decision: decision ?? "accept", score } };
}

const MEASURES = [
  "too_small",
  "too_late",
  "contradictory_plan",
  "blacklisted",
  "unpaid_quotes",
  "abusive",
  "high_value",
];

function isMeasured(reason: RiskReason | undefined): boolean {
  return reason !== undefined && (MEASURES.includes(reason.rule) || reason.rule.startsWith("model:"));
}

function isSofter(one: RiskAssessment, other: RiskAssessment): boolean {
  return SEVERITY[one.decision] < SEVERITY[other.decision];
}
