import { readFileSync } from "node:fs";
import { z } from "zod";
import { pricingRulesSchema } from "../../domain/orders/pricing-rules.ts";
import { priceQuote, quoteInputSchema } from "../../domain/orders/quote.ts";
import { readYaml } from "../shop-config.ts";
import { runCommand, runJsonLines } from "./json-lines.ts";
import { option, positionals, readSettings } from "./settings.ts";

const lineSchema = quoteInputSchema.extend({ id: z.union([z.string(), z.number()]) });

/** `npm run -s price -- FILE [--pricing YAML]`: what each demand costs by the price list; nothing is stored. */
runCommand(async () => {
  const args = process.argv.slice(2);
  const file = option(args, "pricing");
  const rules =
    file === undefined
      ? readSettings().config.rules().pricing
      : readYaml(file, readFileSync(file, "utf8"), pricingRulesSchema);
  await runJsonLines(positionals(args, ["pricing"])[0], (value) => {
    const { id: _id, ...input } = lineSchema.parse(value);
    const { total_fen, status, high_value, items, nearest_change } = priceQuote(input, rules);
    return { total_fen, status, high_value, items, nearest_change };
  });
});
