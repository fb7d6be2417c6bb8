import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { riskRulesSchema } from "./risk-rules.ts";

const written = readFileSync(new URL("../../../config/risk.yaml", import.meta.url), "utf8");

function faultsOf(from: string, to: string): string[] {
  expect(written).toContain(from);
  const issues = riskRulesSchema.safeParse(parse(written.replace(from, to))).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("risk.yaml", () => {
  it.each([
    ["a pattern that may run on", '"毛病历"', '"毛.*病历"', /^lookalike_patterns\.\d+: .*without \* and \+/u],
    ["a pattern that is none", '"毛病历"', '"毛(病历"', /^lookalike_patterns\.\d+: a regular expression/u],
    [
      "a pattern that may reach into the next message",
      '"毛病历"',
      '"毛[^改]病历"',
      /^lookalike_patterns\.\d+: .*stays in its line/u,
    ],
    ["a misspelt name", "  phrase_stops:", "  phrase_stop:", /^documents: .*"phrase_stop"/u],
    ["a traditional character alone", "萬万 ", "萬 ", /^folding\.traditional: must be pairs/u],
    ["an unknown decision", "decision: review", "decision: maybe", /decision: Invalid option/u],
  ])("is refused with its place for %s", (_fault, from, to, expected) => {
    expect(faultsOf(from, to)).toEqual([expect.stringMatching(expected)]);
  });
});
