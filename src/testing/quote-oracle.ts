import type { PricingRules } from "../domain/orders/pricing-rules.ts";
import type { QuoteInput } from "../domain/orders/quote.ts";
import type { QuoteCertificate } from "../domain/orders/quote-certificate.ts";

/** A price by the specification's words, line by line; nothing of the engine's arithmetic. */
export function reckon(input: QuoteInput, rules: PricingRules, bound: "chars_lower" | "chars_upper") {
  const halfUp = (hundredths: number) => Math.round(hundredths / 100);
  // Item: base × (1 + 0.5 × (pictures − 1)).
  const amounts = input.items.map(({ service, pictures }) =>
    halfUp(rules.services[service].base_fen * (100 + rules.extra_picture_percent * (pictures - 1))),
  );
  // Sum of items; urgent: × 1.5.
  let sum = 0;
  for (const amount of amounts) sum += amount;
  if (input.urgent) sum = halfUp(sum * rules.urgent_percent);
  // Characters of all pictures that a text-touching service works on; two services on one picture: once; one stray: 0.
  const readings: Record<string, number> = {};
  for (const [at, item] of input.items.entries()) {
    if (!isText(item, rules)) continue;
    const pictures = item.pictures_ref === undefined ? `#${at}` : `=${item.pictures_ref}`;
    readings[pictures] = Math.max(readings[pictures] ?? 0, item[bound]);
  }
  const chars = Object.values(readings)
    .filter((count) => count !== 1)
    .reduce((total, count) => total + count, 0);
  // One minimum per quote, applied last.
  const tier = rules.text_tiers.filter(
    ({ up_to_chars }) => up_to_chars !== null && up_to_chars < chars,
  ).length;
  const minimum = chars === 0 ? 0 : (rules.text_tiers[tier]?.minimum_fen ?? Number.NaN);
  return { amounts, sum, minimum, total: Math.max(sum, minimum) };
}

export function isText(item: QuoteInput["items"][number], rules: PricingRules): boolean {
  return item.touches_text ?? rules.services[item.service].touches_text;
}

type Axis = "characters" | "pictures";
const WALKED = 6;
const MOST: Record<Axis, number> = { characters: 1_000_000, pictures: 10_000 };
const LEAST: Record<Axis, number> = { characters: 0, pictures: 1 };

/** Each listed step must do what it claims, no smaller one may do anything, and where none is listed none exists. */
export function faultsOfSteps(
  listed: QuoteCertificate["nearest_change"],
  input: QuoteInput,
  rules: PricingRules,
): string[] {
  const totalOf = (changed: QuoteInput) => reckon(changed, rules, "chars_lower").total;
  const total = totalOf(input);
  const faults: string[] = [];
  for (const axis of ["characters", "pictures"] as const) {
    const steps = listed.filter((step) => step.change !== "urgent").filter((step) => step.change === axis);
    const [found] = steps;
    if (steps.length > 1) faults.push(`${axis} listed twice`);
    const isUp = found !== undefined && found.to > found.from;
    const size = found === undefined ? null : Math.abs(found.to - found.from);
    if (found !== undefined) {
      const claimed = totalOf(moved(input, axis, found.item ?? 0, found.to));
      if (claimed !== found.total_fen || claimed === total)
        faults.push(`${axis}: ${claimed} by the step listed`);
      if (found.from !== standOf(input, rules, axis, found.item ?? 0))
        faults.push(`${axis}: from ${found.from}`);
      if ((found.item === undefined) !== (input.items.length === 1))
        faults.push(`${axis}: item ${found.item}`);
    }
    for (const at of input.items.keys()) {
      const from = standOf(input, rules, axis, at);
      if (from === null) continue;
      const idle: number[] = [];
      for (let step = 1; step <= WALKED && step < (size ?? WALKED + 1); step += 1)
        idle.push(from + step, from - step);
      if (size === null) idle.push(MOST[axis], LEAST[axis]);
      else {
        // Totals only rise: the step just below the listed one stands for all that were not walked.
        idle.push(from + size - 1, from - size + 1);
        // Of equal steps the one up is named.
        if (!isUp) idle.push(from + size);
      }
      for (const to of idle) {
        if (to < LEAST[axis] || to > MOST[axis]) continue;
        if (totalOf(moved(input, axis, at, to)) !== total) faults.push(`${axis} of item ${at} to ${to}`);
      }
    }
  }
  const flipped = totalOf({ ...input, urgent: !input.urgent });
  const urgent = { change: "urgent", from: input.urgent, to: !input.urgent, total_fen: flipped };
  const claimed = JSON.stringify(listed.filter(({ change }) => change === "urgent"));
  if (claimed !== JSON.stringify(flipped === total ? [] : [urgent])) faults.push(`urgent: ${claimed}`);
  return faults;
}

/** Where an item stands on an axis now; null when the axis does not concern it. */
function standOf(input: QuoteInput, rules: PricingRules, axis: Axis, at: number): number | null {
  const item = input.items[at];
  if (item === undefined) return null;
  if (axis === "pictures") return item.pictures;
  if (!isText(item, rules)) return null;
  if (item.pictures_ref === undefined) return item.chars_lower;
  const sharing = input.items.filter(
    (other) => other.pictures_ref === item.pictures_ref && isText(other, rules),
  );
  return Math.max(...sharing.map((other) => other.chars_lower));
}

function moved(input: QuoteInput, axis: Axis, at: number, to: number): QuoteInput {
  const ref = input.items[at]?.pictures_ref;
  return {
    ...input,
    items: input.items.map((item, index) => {
      if (axis === "pictures") return index === at ? { ...item, pictures: to } : item;
      return index === at || (ref !== undefined && item.pictures_ref === ref)
        ? { ...item, chars_lower: to }
        : item;
    }),
  };
}
