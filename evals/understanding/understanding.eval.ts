import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { assessRisk, statesOwnership } from "../../src/domain/orders/assess-risk.ts";
import { riskRulesSchema } from "../../src/domain/orders/risk-rules.ts";
import type { Decision } from "../../src/domain/orders/service.ts";
import { playbookLexiconSchema } from "../../src/domain/understanding/playbook-schema.ts";
import { createUnderstanding } from "../../src/domain/understanding/understand.ts";
import type { Understanding } from "../../src/domain/understanding/understanding.ts";
import { type LabelledLine, parseSet, type SetScore, scoreSet } from "./score.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const understand = createUnderstanding(
  playbookLexiconSchema.parse(parse(read("../../config/playbook.yaml"))),
  { urgentWithinHours: () => 2 },
);
const riskRules = riskRulesSchema.parse(parse(read("../../config/risk.yaml")));

function assess({ text, ocr_text }: LabelledLine, { services }: Understanding): Decision {
  return assessRisk(
    {
      words: text,
      ocr_text: ocr_text ?? "",
      services,
      pictures: [],
      ownership_stated: statesOwnership(text, riskRules),
      buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
      model_flags: [],
    },
    riskRules,
  ).decision;
}

it.each(["tuning", "later-tuning"])("understands the set %s, whose errors may be looked at", (name) => {
  const score = scoreSet(parseSet(read(`./${name}.jsonl`)), understand, assess);

  report(name, score);
  for (const { pair, count } of score.confusions) process.stdout.write(`  ${count} × ${pair}\n`);
  if (score.wrongIds.length > 0) process.stdout.write(`  wrong: ${score.wrongIds.join(" ")}\n`);

  expect(score.intentAccuracy).toBeGreaterThanOrEqual(0.95);
  expect(score.servicesAccuracy).toBeGreaterThanOrEqual(0.95);
  expect(score.withdrawnAccuracy).toBeGreaterThanOrEqual(0.95);
  expect(score.greetingsToHandoff).toBe(0);
});

// Held out: only totals are printed, so that nobody tunes on its single lines.
it.each(["test", "later-test"])("understands the held-out set %s", (name) => {
  const score = scoreSet(parseSet(read(`./${name}.jsonl`)), understand, assess);

  report(name, score);

  expect(score.intentAccuracy).toBeGreaterThanOrEqual(0.85);
  expect(score.servicesAccuracy).toBeGreaterThanOrEqual(0.85);
  expect(score.withdrawnAccuracy).toBeGreaterThanOrEqual(0.85);
  expect(score.greetingsToHandoff).toBe(0);
});

function report(
  name: string,
  { lines, intentAccuracy, servicesAccuracy, withdrawnAccuracy, riskAccuracy, greetingsToHandoff }: SetScore,
) {
  const percent = (share: number | null) => (share === null ? "-" : `${(share * 100).toFixed(1)} %`);
  process.stdout.write(
    `${name}: ${lines} lines, intent ${percent(intentAccuracy)}, services ${percent(servicesAccuracy)}, ` +
      `withdrawn ${percent(withdrawnAccuracy)}, risk ${percent(riskAccuracy)}, greetings to handoff ${greetingsToHandoff}\n`,
  );
}
