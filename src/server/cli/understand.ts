import { assessRisk, statesOwnership } from "../../domain/orders/assess-risk.ts";
import { understandInputSchema } from "../../domain/understanding/understanding.ts";
import { lineIdSchema, runCommand, runJsonLines } from "./json-lines.ts";
import { readArguments, readSettings } from "./settings.ts";

const lineSchema = understandInputSchema.extend({ id: lineIdSchema });

const USAGE =
  "用法: npm run -s understand -- 文件.jsonl（或从标准输入读），每行 {id, text, has_image?, context?}";

/** `npm run -s understand -- FILE`: what the rules make of buyers' messages; nothing is stored. */
runCommand(async () => {
  const { positionals } = readArguments(USAGE, {});
  const { config } = readSettings();
  const { risk } = config.rules();
  await runJsonLines(positionals[0], (value) => {
    const line = lineSchema.parse(value);
    const understood = config.understand(line);
    const assessment = assessRisk(
      {
        words: line.text,
        ocr_text: line.ocr_text ?? "",
        ...(line.context?.last_bot === undefined ? {} : { asked: line.context.last_bot }),
        services: understood.services,
        pictures: [],
        ownership_stated: statesOwnership(line.text, risk),
        buyer: { blacklisted: false, unpaid_quotes_7d: 0, abusive: false },
        model_flags: [],
        ...(understood.slots.scale === undefined ? {} : { enlarge_factor: understood.slots.scale }),
      },
      risk,
    );
    return {
      intent: understood.intent,
      services: understood.services,
      risk: assessment.decision,
      reasons: assessment.reasons.map(({ rule, evidence, words }) => ({ rule, evidence, words })),
    };
  });
});
