import type { WeighedIntent } from "./read-intent.ts";
import type { Intent } from "./understanding.ts";

// What a rule of full weight counts against likeness, whose unit is the logarithm of how likely. Of a new author's messages
// most were understood between 12 and 20 (evals/understanding/README.md).
const RULE_TRUST = 16 / 100;
// From here on rules speak of one situation each and are weighed against each other by hand.
const SETTLED_WEIGHT = 88;
const BINDING_MARGIN = 3;
/** What binds the buyer comes first only where it can be and far ahead of all else; what ends an order only if a rule knows it. */
const BINDING: Partial<
  Record<Intent, (flags: ReadonlySet<string>, lead: number, isRuled: boolean) => boolean>
> = {
  accept: (flags, lead) => flags.has("offer") && lead >= BINDING_MARGIN,
  cancel: (_flags, lead, isRuled) => isRuled && lead >= BINDING_MARGIN,
};
/** Where these may come first although no rule puts them there. */
const GUESSED_WHERE: Partial<Record<Intent, (flags: ReadonlySet<string>) => boolean>> = {
  // Not when only other work is named, or chosen of what we asked about; a bare yes names nothing.
  find_image: (flags) =>
    !flags.has("plain_yes") &&
    (flags.has("find") || (!flags.has("service") && (flags.has("bot_find") || !flags.has("bot_service")))),
  process_image: (flags) => !flags.has("plain_yes") && (flags.has("work") || !flags.has("service")),
  // Likeness knows no negation.
  handoff: (flags) => !flags.has("no_person"),
};

/**
 * Puts first what rules and likeness to the examples together make likeliest: a strong rule stands against a vague
 * likeness, and words that were always said for something else stand against a weak rule. What a settled rule says stays,
 * and so does what the rules say of a text that speaks to the system as well: what its words are like is not the buyer's.
 *
 * @param ruled - best first
 * @param likeness - logarithm of the likelihood of each intent; null where no example is like the text
 * @param flags - how things stand (an offer to accept, work to cancel) and what the words ask for
 */
export function weighTogether(
  ruled: WeighedIntent[],
  likeness: ReadonlyMap<Intent, number> | null,
  flags: ReadonlySet<string>,
): WeighedIntent[] {
  const strongest = ruled[0]?.weight ?? 0;
  if (likeness === null || strongest >= SETTLED_WEIGHT || flags.has("injection")) return ruled;
  const weightOf = new Map(ruled.map(({ intent, weight }) => [intent, weight]));
  // Of what has no examples the rules alone speak.
  const weighed = [...new Set([...likeness.keys(), ...weightOf.keys()])]
    .map((intent) => ({
      intent,
      sum: (likeness.get(intent) ?? 0) + (weightOf.get(intent) ?? 0) * RULE_TRUST,
    }))
    .sort((a, b) => b.sum - a.sum);
  const [best, next] = weighed;
  if (best === undefined || best.intent === ruled[0]?.intent) return ruled;
  const lead = best.sum - (next?.sum ?? best.sum);
  if (BINDING[best.intent]?.(flags, lead, weightOf.has(best.intent)) === false) return ruled;
  const first = weighed.find(({ intent }) => GUESSED_WHERE[intent]?.(flags) ?? true);
  if (first === undefined) return ruled;
  const rule = ruled.find(({ intent }) => intent === first.intent);
  const top = { intent: first.intent, weight: strongest, span: rule?.span ?? "" };
  return [top, ...ruled.filter(({ intent }) => intent !== first.intent)];
}
