import { readFileSync } from "node:fs";
import { pricingRulesSchema } from "../../domain/orders/pricing-rules.ts";
import { priceQuote, quoteInputSchema } from "../../domain/orders/quote.ts";
import { readYaml } from "../config-files.ts";
import { lineIdSchema, runCommand, runJsonLines } from "./json-lines.ts";
import { readArguments, readSettings } from "./settings.ts";

const lineSchema = quoteInputSchema.extend({ id: lineIdSchema });

const USAGE =
  "用法: npm run -s price -- 文件.jsonl（或从标准输入读）[--pricing 价目.yaml]，每行 {id, urgent, items}";

/** `npm run -s price -- FILE [--pricing YAML]`: what each demand costs by the price list; nothing is stored. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, { pricing: { type: "string" } });
  const file = values.pricing;
  const rules =
    file === undefined
      ? readSettings().config.rules().pricing
      : readYaml(file, readFileSync(file, "utf8"), pricingRulesSchema);
  await runJsonLines(positionals[0], (value) => {
    const { id: _id, ...input } = lineSchema.parse(value);
    const { total_fen, status, high_value, items, nearest_change } = priceQuote(input, rules);
    return { total_fen, status, high_value, items, nearest_change };
  });
});
