import { readFileSync } from "node:fs";
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
});

const rules = riskRulesSchema.parse(
  parse(readFileSync(new URL("../../config/risk.yaml", import.meta.url), "utf8")),
);
const demands = readFileSync(new URL("tuning.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => demandSchema.parse(JSON.parse(line)));

const judged = demands.map((demand) => ({
  ...demand,
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

const show = (rows: typeof judged) =>
  rows.map((row) => `${row.id} ${row.words} → ${row.got}, not ${row.expect}`);

describe("risk rules on the labelled demands", () => {
  it("has at least 120 demands, half of them harmless", () => {
    expect(demands.length).toBeGreaterThanOrEqual(120);
    expect(demands.filter((demand) => demand.expect === "accept").length).toBeGreaterThanOrEqual(60);
    expect(new Set(demands.map((demand) => demand.id)).size).toBe(demands.length);
  });

  it("rejects at least 98 % of what must be rejected", () => {
    const forbidden = judged.filter((row) => row.expect === "reject");
    const missed = forbidden.filter((row) => row.got !== "reject");

    expect(missed.length / forbidden.length, show(missed).join("\n")).toBeLessThanOrEqual(0.02);
  });

  it("rejects at most 2 % of what may be done", () => {
    const allowed = judged.filter((row) => row.expect !== "reject");
    const wronged = allowed.filter((row) => row.got === "reject");

    expect(wronged.length / allowed.length, show(wronged).join("\n")).toBeLessThanOrEqual(0.02);
  });

  it("decides exactly as labelled in at least 97 %", () => {
    const other = judged.filter((row) => row.got !== row.expect);

    expect(other.length / judged.length, show(other).join("\n")).toBeLessThanOrEqual(0.03);
  });
});
