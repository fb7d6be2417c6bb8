import type { PricingRules } from "./pricing-rules.ts";
import type { QuoteInput, QuoteItemInput } from "./quote-input.ts";

/** Which bound of the text evidence is charged. */
export type Bound = "chars_lower" | "chars_upper";

export type Arithmetic = {
  amounts_fen: number[];
  /** All items together, urgency included, before any minimum. */
  sum_fen: number;
  chars: number;
  text_minimum_fen: number;
  total_fen: number;
};

/**
 * The price of a demand (spec orders §3): items, then urgency on their sum, then the text minimum, once and last.
 * Rounding: an item and the urgent sum are each rounded half up to whole fen; nothing else is divided.
 *
 * @param floorFen - what was agreed before work started: the total does not fall below it
 */
export function computePrice(
  input: QuoteInput,
  rules: PricingRules,
  bound: Bound,
  floorFen: number,
): Arithmetic {
  const amounts = input.items.map((item) => itemAmountFen(item, rules));
  const plain = amounts.reduce((sum, amount) => sum + amount, 0);
  const sumFen = input.urgent ? percentOf(plain, rules.urgent_percent) : plain;
  const chars = countedCharacters(input, rules, bound);
  const minimumFen = textMinimumFen(chars, rules);
  return {
    amounts_fen: amounts,
    sum_fen: sumFen,
    chars,
    text_minimum_fen: minimumFen,
    total_fen: Math.max(sumFen, minimumFen, floorFen),
  };
}

export function touchesText(item: QuoteItemInput, rules: PricingRules): boolean {
  return item.touches_text ?? rules.services[item.service].touches_text;
}

function itemAmountFen(item: QuoteItemInput, rules: PricingRules): number {
  const percent = 100 + rules.extra_picture_percent * (item.pictures - 1);
  return percentOf(rules.services[item.service].base_fen, percent);
}

/** Half up, in integers: both factors are non-negative integers, so adding 50 before the division is exact. */
function percentOf(fen: number, percent: number): number {
  return Math.floor((fen * percent + 50) / 100);
}

/** Two services on the same pictures read the same characters: those count once, by the higher reading. */
function countedCharacters(input: QuoteInput, rules: PricingRules, bound: Bound): number {
  const perPictures = new Map<string, number>();
  input.items.forEach((item, index) => {
    if (!touchesText(item, rules)) return;
    const key = item.pictures_ref === undefined ? `item ${index}` : `pictures ${item.pictures_ref}`;
    perPictures.set(key, Math.max(perPictures.get(key) ?? 0, item[bound]));
  });
  let chars = 0;
  // One stray character is not text.
  for (const count of perPictures.values()) chars += count <= 1 ? 0 : count;
  return chars;
}

function textMinimumFen(chars: number, rules: PricingRules): number {
  if (chars === 0) return 0;
  const tier = rules.text_tiers.find(({ up_to_chars }) => up_to_chars === null || chars <= up_to_chars);
  return tier?.minimum_fen ?? 0;
}
