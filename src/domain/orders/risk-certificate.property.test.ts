import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pickOne, sealed, tamperedWith, tamperings } from "../../testing/tampering.ts";
import {
  assessRisk,
  type RiskAssessment,
  type RiskInput,
  type RiskReason,
  statesOwnership,
} from "./assess-risk.ts";
import { issueRiskCertificate, type RiskCertificate, riskCertificateSchema } from "./risk-certificate.ts";
import { riskRulesSchema } from "./risk-rules.ts";
import { type Decision, decisionSchema, serviceSchema } from "./service.ts";
import { createTermSet, findAny } from "./term-set.ts";
import { blankOut, compileTerm, foldDisguise } from "./text-folding.ts";
import { verifyRisk } from "./verify-risk.ts";

const RUNS = { numRuns: 10_000 };
// Far more than it takes alone: other tests run beside it.
const LIMIT_MS = 120_000;

const riskRules = riskRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/risk.yaml", import.meta.url), "utf8")),
);

const SEVERITY: Record<Decision, number> = { accept: 0, review: 1, reject: 2 };
const flagClasses = fc.constantFrom(...Object.keys(riskRules.model_flags.classes), "odd", "toString");

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
/**
 * What may soften another message: look-alikes (a picture of a thing to sell), how a document is only handled, stated
 * ownership. All else that clears something clears it in its own message.
 */
const softeners = createTermSet(
  [
    ...riskRules.lookalikes,
    ...riskRules.lookalikes_without_work,
    ...riskRules.ownership.stated,
    ...riskRules.documents.handling_words,
  ].map((term) => compileTerm(term, riskRules.folding, "exact")),
);
const softeningPatterns = [...riskRules.lookalike_patterns, ...riskRules.documents.handling_patterns].map(
  (source) => new RegExp(source, "u"),
);

function maySoften(line: string): boolean {
  const folded = foldDisguise(line, riskRules.folding.characters);
  return (
    findAny(folded, softeners) !== null || softeningPatterns.some((pattern) => pattern.test(folded.text))
  );
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
    "is never softer for a model's flag, nor for one more message that says nothing which may soften",
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
    ["a purpose in a message of its own", "海报上写冰毒的危害", "禁毒宣传用", "reject", "reject"],
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

  it("is softened by a purpose that is said in the same message", () => {
    const words = "海报上写冰毒的危害，禁毒宣传用";

    expect(assessRisk({ ...aRiskDemand, words }, riskRules).decision).toBe("accept");
  });

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
