import { type Conditions, conditionsHold, parseConditions } from "./context-flags.ts";
import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern, type TextPattern } from "./text-pattern.ts";
import { type Intent, intentSchema } from "./understanding.ts";

export type WeighedIntent = { intent: Intent; weight: number; span: string };

type IntentRule = {
  match: TextPattern | null;
  unless: TextPattern | null;
  when: Conditions;
  weight: number;
};

/** Weighs intents by the heaviest rule of each that holds; best first, the first is the main wish. */
export function createIntentReader(
  lexicon: PlaybookLexicon,
): (text: NormalText, flags: ReadonlySet<string>) => WeighedIntent[] {
  const byIntent = intentSchema.options.map((intent) => ({
    intent,
    rules: (lexicon.intents[intent] ?? [])
      .map(
        (rule): IntentRule => ({
          match: rule.match === undefined ? null : createTextPattern(rule.match, lexicon),
          unless: rule.unless === undefined ? null : createTextPattern(rule.unless, lexicon),
          when: parseConditions(rule.when),
          weight: rule.weight,
        }),
      )
      .sort((a, b) => b.weight - a.weight),
  }));

  return (text, flags) => {
    const weighed: WeighedIntent[] = [];
    for (const { intent, rules } of byIntent) {
      for (const rule of rules) {
        if (!conditionsHold(rule.when, flags)) continue;
        const found = rule.match?.find(text);
        if (found === null || rule.unless?.matches(text)) continue;
        weighed.push({ intent, weight: rule.weight, span: found?.[0] ?? "" });
        break;
      }
    }
    return weighed.sort((a, b) => b.weight - a.weight);
  };
}
