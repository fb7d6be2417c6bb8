import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { RiskInput } from "./assess-risk.ts";
import { checksumOf } from "./checksum.ts";
import { issueRiskCertificate, type RiskCertificate, riskCertificateSchema } from "./risk-certificate.ts";
import { riskRulesSchema } from "./risk-rules.ts";
import { verifyRisk } from "./verify-risk.ts";

const rules = riskRulesSchema.parse(
  parse(readFileSync(new URL("../../../config/risk.yaml", import.meta.url), "utf8")),
);
const issue = (change: Partial<RiskInput> = {}): RiskCertificate =>
  issueRiskCertificate({
    id: "r1",
    input: {
      words: "水印去掉",
      ocr_text: "居民身份证\n姓名",
      services: ["edit_text"],
      pictures: [{ width: 200, height: 400, verdict: "yes" }],
      ownership_stated: false,
      buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
      model_flags: [{ class: "rights", why: "brand on the shirt" }],
      ...change,
    },
    rules,
    rulesVersion: "v1",
    now: 0,
  });
/** A forger who knows the checksum. */
const resealed = ({ checksum: _, ...content }: RiskCertificate): RiskCertificate => ({
  ...content,
  checksum: checksumOf(content),
});

describe("verifyRisk", () => {
  it("agrees with the rules on random demands, also after JSON", () => {
    const words = fc
      .array(
        fc.constantFrom(
          "公章",
          "ＧＯＮＧ章",
          "去水印",
          "耐克logo",
          "赌 场",
          "护照夹",
          "清晰",
          "1分钟内给我",
          "，",
          "\n",
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc.record({
          words,
          ocr_text: fc.constantFrom("", "姓名 张三 性别 男 民族 汉", "真人荷官", "价税合计"),
          asked: fc.constantFrom(
            "",
            "身份证要改哪里？",
            "抱歉，公章做不了。别的呢？",
            "转账截图的金额，\n换成多少？营业执照呢?",
          ),
          enlarge_factor: fc.integer({ min: 1, max: 9 }),
          deadline_ms: fc.integer({ min: 0, max: 9 }),
          earliest_finish_ms: fc.integer({ min: 0, max: 9 }),
          ownership_stated: fc.boolean(),
          total_fen: fc.integer({ min: 0, max: 9000 }),
          buyer: fc.record({
            blacklisted: fc.boolean(),
            unpaid_quotes_7d: fc.integer({ min: 0, max: 5 }),
            abusive: fc.boolean(),
          }),
        }),
        (input) => {
          const stored = riskCertificateSchema.parse(JSON.parse(JSON.stringify(issue(input))));
          expect(verifyRisk(stored)).toEqual({ ok: true, value: true });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("catches an altered field by its checksum", () => {
    expect(verifyRisk({ ...issue(), rules_version: "v2" })).toEqual({
      ok: false,
      refusal: "checksum-differs",
    });
  });

  it.each([
    [
      "decision-differs",
      (c: RiskCertificate) => ({ ...c, assessment: { ...c.assessment, decision: "accept" as const } }),
    ],
    ["score-differs", (c: RiskCertificate) => ({ ...c, assessment: { ...c.assessment, score: 1 } })],
    ["situation-differs", (c: RiskCertificate) => ({ ...c, input: { ...c.input, total_fen: 9000 } })],
    ["flag-dropped", (c: RiskCertificate) => ({ ...c, input: { ...c.input, model_flags: [] } })],
    ["evidence-missing", (c: RiskCertificate) => ({ ...c, input: { ...c.input, words: "抠图" } })],
    [
      "cleared-without-ownership",
      (c: RiskCertificate) => ({
        ...c,
        assessment: { ...c.assessment, cleared: [{ rule: "watermark", evidence: "水印" }] },
      }),
    ],
  ])("refuses with %s even when the checksum fits", (refusal, alter) => {
    expect(verifyRisk(resealed(alter(issue())))).toEqual({ ok: false, refusal });
  });
});
