import { z } from "zod";
import { computePrice, touchesText } from "./price-arithmetic.ts";
import type { PricingRules } from "./pricing-rules.ts";
import { MAX_PICTURES, type QuoteInput, type QuoteItemInput } from "./quote-input.ts";

const itemIndexSchema = z.int().nonnegative().optional().describe("which item; only in a quote of several");

/** One step that would change the total, all else equal. */
export const nearestChangeSchema = z.discriminatedUnion("change", [
  z.strictObject({
    change: z.literal("characters"),
    from: z.int().nonnegative().describe("chars_lower of the item"),
    to: z.int().nonnegative(),
    total_fen: z.int().nonnegative(),
    item: itemIndexSchema,
  }),
  z.strictObject({
    change: z.literal("pictures"),
    from: z.int().positive(),
    to: z.int().positive(),
    total_fen: z.int().nonnegative(),
    item: itemIndexSchema,
  }),
  z.strictObject({
    change: z.literal("urgent"),
    from: z.boolean(),
    to: z.boolean(),
    total_fen: z.int().nonnegative(),
  }),
]);
export type NearestChange = z.infer<typeof nearestChangeSchema>;

type Step = { item: number; from: number; to: number; total_fen: number };

/**
 * For characters, pictures and urgency, each alone: the smallest step that changes the total. A step concerns one
 * item (the characters of items that share pictures move together); of equal steps up wins over down, then the
 * earlier item. What no step can change is left out.
 */
export function findNearestChanges(
  input: QuoteInput,
  rules: PricingRules,
  floorFen: number,
): NearestChange[] {
  const priced = (changed: QuoteInput) => computePrice(changed, rules, "chars_lower", floorFen).total_fen;
  const total = priced(input);
  const changes: NearestChange[] = [];

  // Whatever the other items hold, this many characters reach the last tier.
  const enoughChars = Math.max(...rules.text_tiers.map((tier) => tier.up_to_chars ?? 0)) + 2;
  const characters = nearestStep(input, total, {
    concerns: (item) => touchesText(item, rules),
    valueOf: (item) => readingOf(input, item, rules),
    lowest: 0,
    highest: enoughChars,
    priceAt: (index, chars) => priced(withCharacters(input, index, chars)),
  });
  if (characters !== null) changes.push({ change: "characters", ...named(input, characters) });

  const pictures = nearestStep(input, total, {
    concerns: () => true,
    valueOf: (item) => item.pictures,
    lowest: 1,
    highest: MAX_PICTURES,
    priceAt: (index, count) => priced(withItem(input, index, (item) => ({ ...item, pictures: count }))),
  });
  if (pictures !== null) changes.push({ change: "pictures", ...named(input, pictures) });

  const otherUrgency = priced({ ...input, urgent: !input.urgent });
  if (otherUrgency !== total) {
    changes.push({ change: "urgent", from: input.urgent, to: !input.urgent, total_fen: otherUrgency });
  }
  return changes;
}

type Axis = {
  concerns: (item: QuoteItemInput) => boolean;
  valueOf: (item: QuoteItemInput) => number;
  lowest: number;
  highest: number;
  priceAt: (index: number, value: number) => number;
};

function nearestStep(input: QuoteInput, total: number, axis: Axis): Step | null {
  let best: Step | null = null;
  input.items.forEach((item, index) => {
    if (!axis.concerns(item)) return;
    const from = axis.valueOf(item);
    for (const direction of [1, -1]) {
      const room = direction === 1 ? axis.highest - from : from - axis.lowest;
      const step = smallestStep(room, (size) => axis.priceAt(index, from + direction * size) !== total);
      const isBetter =
        step !== null &&
        (best === null ||
          step < Math.abs(best.to - best.from) ||
          (step === Math.abs(best.to - best.from) && direction === 1 && best.to < best.from));
      if (step === null || !isBetter) continue;
      const to = from + direction * step;
      best = { item: index, from, to, total_fen: axis.priceAt(index, to) };
    }
  });
  return best;
}

/** Totals are monotone, so once a step changes the total every larger one does: binary search. */
function smallestStep(room: number, changes: (size: number) => boolean): number | null {
  if (room < 1 || !changes(room)) return null;
  let low = 1;
  let high = room;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (changes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function readingOf(input: QuoteInput, item: QuoteItemInput, rules: PricingRules): number {
  if (item.pictures_ref === undefined) return item.chars_lower;
  const sharing = input.items.filter(
    (other) => other.pictures_ref === item.pictures_ref && touchesText(other, rules),
  );
  return Math.max(...sharing.map((other) => other.chars_lower));
}

function withCharacters(input: QuoteInput, index: number, chars: number): QuoteInput {
  const ref = input.items[index]?.pictures_ref;
  return {
    ...input,
    items: input.items.map((item, at) =>
      at === index || (ref !== undefined && item.pictures_ref === ref)
        ? { ...item, chars_lower: chars }
        : item,
    ),
  };
}

function withItem(
  input: QuoteInput,
  index: number,
  change: (item: QuoteItemInput) => QuoteItemInput,
): QuoteInput {
  return { ...input, items: input.items.map((item, at) => (at === index ? change(item) : item)) };
}

function named(input: QuoteInput, { item, ...step }: Step): Omit<Step, "item"> & { item?: number } {
  return input.items.length > 1 ? { ...step, item } : step;
}
