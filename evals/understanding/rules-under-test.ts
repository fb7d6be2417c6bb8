import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { assessRisk, statesOwnership } from "../../src/domain/orders/assess-risk.ts";
import { riskRulesSchema } from "../../src/domain/orders/risk-rules.ts";
import type { Decision } from "../../src/domain/orders/service.ts";
import { playbookLexiconSchema } from "../../src/domain/understanding/playbook-schema.ts";
import { createUnderstanding } from "../../src/domain/understanding/understand.ts";
import type { Understanding } from "../../src/domain/understanding/understanding.ts";
import { type LabelledLine, parseSet, type SetScore, scoreSet } from "./score.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

/** Scores labelled sets, several as one, with the playbook and the risk rules as they are in config/. */
export function createSetScorer(): (...names: readonly string[]) => SetScore {
  const understand = createUnderstanding(
    playbookLexiconSchema.parse(parse(read("../../config/playbook.yaml"))),
    { urgentWithinHours: () => 2 },
  );
  const riskRules = riskRulesSchema.parse(parse(read("../../config/risk.yaml")));
  const assess = ({ text, ocr_text, context }: LabelledLine, { services }: Understanding): Decision =>
    assessRisk(
      {
        words: text,
        ocr_text: ocr_text ?? "",
        ...(context?.last_bot === undefined ? {} : { asked: context.last_bot }),
        services,
        pictures: [],
        ownership_stated: statesOwnership(text, riskRules),
        buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
        model_flags: [],
      },
      riskRules,
    ).decision;
  const linesOf = (name: string) => parseSet(read(`./${name}.jsonl`));
  return (...names) => scoreSet(names.flatMap(linesOf), understand, assess);
}
