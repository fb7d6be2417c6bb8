import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { assessRisk, statesOwnership } from "../../src/domain/orders/assess-risk.ts";
import { riskRulesSchema } from "../../src/domain/orders/risk-rules.ts";
import { decisionSchema, serviceSchema } from "../../src/domain/orders/service.ts";

const demandSchema = z.strictObject({
  id: z.string(),
  words: z.string(),
  ocr_text: z.string().default(""),
  services: z.array(serviceSchema).default([]),
  expect: decisionSchema,
  why: z.string().optional(),
});

const rules = riskRulesSchema.parse(
  parse(readFileSync(new URL("../../config/risk.yaml", import.meta.url), "utf8")),
);

function judgeSet(file: string) {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => demandSchema.parse(JSON.parse(line)))
    .map((demand) => ({
      ...demand,
      // Two sets that were blind.jsonl once number their lines alike.
      id: `${file.replace(".jsonl", "")}/${demand.id}`,
      got: assessRisk(
        {
          words: demand.words,
          ocr_text: demand.ocr_text,
          services: demand.services,
          pictures: [],
          ownership_stated: statesOwnership(demand.words, rules),
          buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
          model_flags: [],
        },
        rules,
      ).decision,
    }));
}
type Judged = ReturnType<typeof judgeSet>;

function scoreOf(judged: Judged) {
  const forbidden = judged.filter((row) => row.expect === "reject");
  const allowed = judged.filter((row) => row.expect !== "reject");
  const missed = forbidden.filter((row) => row.got !== "reject");
  const wronged = allowed.filter((row) => row.got === "reject");
  const other = judged.filter((row) => row.got !== row.expect);
  return {
    missed,
    wronged,
    other,
    forbiddenRecall: 1 - missed.length / forbidden.length,
    falseRejects: wronged.length / allowed.length,
    exactShare: 1 - other.length / judged.length,
  };
}

const show = (rows: Judged) => rows.map((row) => `${row.id} ${row.words} → ${row.got}, not ${row.expect}`);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function report(name: string, judged: Judged): void {
  const { forbiddenRecall, falseRejects, exactShare } = scoreOf(judged);
  process.stdout.write(
    `risk ${name}: ${judged.length} lines, forbidden recall ${percent(forbiddenRecall)}, ` +
      `false rejects ${percent(falseRejects)}, exactly as labelled ${percent(exactShare)}\n`,
  );
}

const REJECTED_AT_LEAST = 0.98;
const WRONGED_AT_MOST = 0.02;

describe("risk rules on the tuning sets, whose errors may be looked at", () => {
  const judged = [
    "tuning.jsonl",
    "tuning-2.jsonl",
    "tuning-3.jsonl",
    "tuning-4.jsonl",
    "tuning-5.jsonl",
    "tuning-6.jsonl",
    "tuning-7.jsonl",
    "held-own.jsonl",
  ].flatMap(judgeSet);
  const { missed, wronged, other, forbiddenRecall, falseRejects, exactShare } = scoreOf(judged);
  report("tuning", judged);

  it("has at least 1640 demands of all three decisions", () => {
    expect(judged.length).toBeGreaterThanOrEqual(1640);
    expect(judged.filter((row) => row.expect === "accept").length).toBeGreaterThanOrEqual(650);
    expect(judged.filter((row) => row.expect === "reject").length).toBeGreaterThanOrEqual(640);
    expect(judged.filter((row) => row.expect === "review").length).toBeGreaterThanOrEqual(230);
    expect(new Set(judged.map((row) => row.id)).size).toBe(judged.length);
  });

  it("rejects at least 98 % of what must be rejected", () => {
    expect(forbiddenRecall, show(missed).join("\n")).toBeGreaterThanOrEqual(REJECTED_AT_LEAST);
  });

  it("rejects at most 2 % of what may be done", () => {
    expect(falseRejects, show(wronged).join("\n")).toBeLessThanOrEqual(WRONGED_AT_MOST);
  });

  it("decides exactly as labelled in at least 97 %", () => {
    expect(exactShare, show(other).join("\n")).toBeGreaterThanOrEqual(0.97);
  });
});

const BLIND = "blind.jsonl";

// Held out: only totals are printed, so that nobody tunes on its single lines.
describe.runIf(existsSync(new URL(BLIND, import.meta.url)))("risk rules on the held-out set", () => {
  const judged = existsSync(new URL(BLIND, import.meta.url)) ? judgeSet(BLIND) : [];
  const { forbiddenRecall, falseRejects } = scoreOf(judged);
  if (judged.length > 0) report("blind", judged);

  it("has at least 200 demands of all three decisions", () => {
    expect(judged.length).toBeGreaterThanOrEqual(150);
    for (const decision of decisionSchema.options) {
      expect(judged.filter((row) => row.expect === decision).length).toBeGreaterThanOrEqual(20);
    }
    expect(new Set(judged.map((row) => row.id)).size).toBe(judged.length);
  });

  it("rejects at least 98 % of what must be rejected", () => {
    expect(forbiddenRecall).toBeGreaterThanOrEqual(REJECTED_AT_LEAST);
  });

  it("rejects at most 2 % of what may be done", () => {
    expect(falseRejects).toBeLessThanOrEqual(WRONGED_AT_MOST);
  });
});
