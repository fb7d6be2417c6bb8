import { type Service, serviceSchema } from "../orders/service.ts";
import { type Conditions, conditionsHold, parseConditions } from "./context-flags.ts";
import { compilePattern } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern, type TextPattern } from "./text-pattern.ts";

export type NamedService = { service: Service; span: string };

type ServiceRule = {
  service: Service;
  match: RegExp;
  unless: TextPattern | null;
  when: Conditions;
  yieldsTo: Service[];
};

/** Finds the services that a text names, in the order of the price list. */
export function createServiceReader(
  lexicon: PlaybookLexicon,
): (text: NormalText, flags: ReadonlySet<string>) => NamedService[] {
  const rules = serviceSchema.options.flatMap((service) =>
    (lexicon.services[service] ?? []).map((pattern) => compileRule(service, pattern, lexicon)),
  );
  const negatedBefore = new RegExp(`(?:${compilePattern(lexicon.negation, lexicon.words).source})$`, "u");

  return (text, flags) => {
    const found = new Map<Service, { span: string; yieldsTo: Service[] | null }>();
    for (const rule of rules) {
      if (found.get(rule.service)?.yieldsTo === null) continue;
      if (!conditionsHold(rule.when, flags) || rule.unless?.matches(text)) continue;
      const span = findAffirmed(rule.match, text.squeezed, negatedBefore);
      if (span === null) continue;
      // A plain pattern settles it; a yielding one counts only while nothing plain is found.
      found.set(rule.service, { span, yieldsTo: rule.yieldsTo.length > 0 ? rule.yieldsTo : null });
    }
    return serviceSchema.options.flatMap((service) => {
      const entry = found.get(service);
      // Of two that yield to each other the first of the price list stays.
      const isYielded = (other: Service) =>
        other !== service &&
        found.has(other) &&
        !(isBefore(service, other) && found.get(other)?.yieldsTo?.includes(service));
      if (!entry || entry.yieldsTo?.some(isYielded)) return [];
      return [{ service, span: entry.span }];
    });
  };
}

type PatternEntry = NonNullable<PlaybookLexicon["services"][Service]>[number];

function isBefore(service: Service, other: Service): boolean {
  return serviceSchema.options.indexOf(service) < serviceSchema.options.indexOf(other);
}

function compileRule(service: Service, pattern: PatternEntry, lexicon: PlaybookLexicon): ServiceRule {
  const entry = typeof pattern === "string" ? { match: pattern, when: [], yields_to: [] } : pattern;
  return {
    service,
    match: new RegExp(compilePattern(entry.match, lexicon.words).source, "gu"),
    unless: "unless" in entry && entry.unless !== undefined ? createTextPattern(entry.unless, lexicon) : null,
    when: parseConditions(entry.when),
    yieldsTo: entry.yields_to,
  };
}

function findAffirmed(match: RegExp, text: string, negatedBefore: RegExp): string | null {
  match.lastIndex = 0;
  for (let found = match.exec(text); found !== null; found = match.exec(text)) {
    if (!negatedBefore.test(text.slice(0, found.index))) return found[0];
    if (found[0] === "") match.lastIndex += 1;
  }
  return null;
}
