import { accept, type Result, refuse } from "../result.ts";
import { checksumOf } from "./checksum.ts";
import type { QuoteCertificate } from "./quote-certificate.ts";

export type QuoteDefect =
  | "checksum-differs"
  | "items-differ"
  | "sum-differs"
  | "minimum-differs"
  | "total-differs"
  | "status-differs"
  | "high-value-differs"
  | "reasons-differ"
  | "nearest-change-differs"
  | "validity-differs";

/**
 * Recomputes a quote from its certificate alone. Written apart from the engine on purpose (other arithmetic, other
 * search, nothing shared but the checksum): a mistake in one shows as a difference between the two.
 */
export function verifyQuote(certificate: QuoteCertificate): Result<true, QuoteDefect> {
  const { input, rules } = certificate;
  const totals = totalsOf(certificate, input);
  const { checksum, ...content } = certificate;
  // A person's price stands above what the list says, and nothing of the inputs moves it.
  const settled = certificate.settled === undefined ? null : BigInt(certificate.settled.total_fen);
  const charged = settled ?? totals.lower;

  const itemsMatch =
    certificate.items.length === input.items.length &&
    certificate.items.every((item, index) => {
      const wanted = input.items[index];
      return (
        wanted !== undefined &&
        item.service === wanted.service &&
        item.pictures === wanted.pictures &&
        BigInt(item.amount_fen) === totals.amounts[index] &&
        item.reason === itemSentence(certificate, index)
      );
    });
  const ocrFailed = input.items.some((item) => item.ocr !== undefined && isText(certificate, item));
  const isFirm = settled !== null || (!ocrFailed && totals.lower === totals.upper);

  if (!itemsMatch) return refuse("items-differ");
  if (BigInt(certificate.sum_fen) !== totals.sum) return refuse("sum-differs");
  if (BigInt(certificate.text_minimum_fen) !== totals.minimum) return refuse("minimum-differs");
  if (BigInt(certificate.total_fen) !== charged) return refuse("total-differs");
  if (BigInt(certificate.total_upper_fen) !== (settled ?? totals.upper)) return refuse("total-differs");
  if ((certificate.status === "firm") !== isFirm) return refuse("status-differs");
  if (certificate.high_value !== charged >= BigInt(rules.high_value_fen)) return refuse("high-value-differs");
  if (certificate.valid_until - certificate.issued_at !== rules.quote_valid_hours * 3_600_000) {
    return refuse("validity-differs");
  }
  if (
    JSON.stringify(certificate.reasons) !==
    JSON.stringify(
      settled === null ? totalSentences(certificate, totals) : [settledSentence(certificate, settled)],
    )
  ) {
    return refuse("reasons-differ");
  }
  const nearest = settled === null ? nearestByTrial(certificate) : [];
  if (checksumOf(certificate.nearest_change) !== checksumOf(nearest)) {
    return refuse("nearest-change-differs");
  }
  // Last: what can be recomputed names its own defect; this catches altered inputs that happen to price the same.
  return checksum === checksumOf(content) ? accept(true) : refuse("checksum-differs");
}

type Input = QuoteCertificate["input"];
type Item = Input["items"][number];
type Totals = {
  amounts: bigint[];
  sum: bigint;
  chars: number;
  minimum: bigint;
  lower: bigint;
  upper: bigint;
};

function isText({ rules }: QuoteCertificate, item: Item): boolean {
  return item.touches_text === undefined ? rules.services[item.service].touches_text : item.touches_text;
}

/** The first picture at base plus each further one, in hundredths of a fen until the one rounding. */
function totalsOf(certificate: QuoteCertificate, input: Input): Totals {
  const { rules, floor_fen } = certificate;
  const amounts = input.items.map((item) => {
    const base = BigInt(rules.services[item.service].base_fen);
    const further = base * BigInt(rules.extra_picture_percent) * BigInt(item.pictures - 1);
    return roundHundredths(base * 100n + further);
  });
  let sum = amounts.reduce((left, right) => left + right, 0n);
  if (input.urgent) sum = roundHundredths(sum * BigInt(rules.urgent_percent));

  const chars = charactersOf(certificate, input, (item) => item.chars_lower);
  const minimum = minimumOf(certificate, chars);
  const upperMinimum = minimumOf(
    certificate,
    charactersOf(certificate, input, (item) => item.chars_upper),
  );
  return {
    amounts,
    sum,
    chars,
    minimum,
    lower: largest(sum, minimum, BigInt(floor_fen)),
    upper: largest(sum, upperMinimum, BigInt(floor_fen)),
  };
}

function roundHundredths(value: bigint): bigint {
  const rest = value % 100n;
  return value / 100n + (rest >= 50n ? 1n : 0n);
}

function largest(...values: bigint[]): bigint {
  // Math.max knows no bigint.
  let best = 0n;
  for (const value of values) if (value > best) best = value;
  return best;
}

function charactersOf(certificate: QuoteCertificate, input: Input, reading: (item: Item) => number): number {
  const texts = input.items.filter((item) => isText(certificate, item));
  const refs = new Set(texts.map((item) => item.pictures_ref));
  let chars = 0;
  for (const ref of refs) {
    const sharing = texts.filter((item) => item.pictures_ref === ref);
    const readings = ref === undefined ? sharing.map(reading) : [Math.max(...sharing.map(reading))];
    chars += readings.filter((count) => count >= 2).reduce((left, right) => left + right, 0);
  }
  return chars;
}

function minimumOf({ rules }: QuoteCertificate, chars: number): bigint {
  // The last tier whose lower end is reached.
  let minimum = 0n;
  let from = 1;
  for (const tier of rules.text_tiers) {
    if (chars >= from) minimum = BigInt(tier.minimum_fen);
    from = (tier.up_to_chars ?? Number.POSITIVE_INFINITY) + 1;
  }
  return minimum;
}

/** Tries step sizes 1, 2, 3 … on every item, up before down, and stops at the first that moves the total. */
function nearestByTrial(certificate: QuoteCertificate): unknown[] {
  const { input, rules } = certificate;
  const total = totalsOf(certificate, input).lower;
  const priceOf = (changed: Input) => totalsOf(certificate, changed).lower;
  const several = input.items.length > 1;

  const trial = (
    change: string,
    readOf: (item: Item, index: number) => number | null,
    alter: (index: number, value: number) => Input,
    [least, most]: [number, number],
  ): unknown[] => {
    const starts = input.items.map(readOf);
    // Totals only rise: an axis whose two ends price the same has no step, so do not walk it.
    const isMovable = starts.map((start, index) =>
      start === null
        ? { up: false, down: false }
        : {
            up: start < most && priceOf(alter(index, most)) !== total,
            down: start > least && priceOf(alter(index, least)) !== total,
          },
    );
    if (!isMovable.some(({ up, down }) => up || down)) return [];
    for (let size = 1; ; size += 1) {
      for (const sign of ["up", "down"] as const) {
        for (const [index, from] of starts.entries()) {
          const to = (from ?? 0) + (sign === "up" ? size : -size);
          if (from === null || isMovable[index]?.[sign] !== true || to < least || to > most) continue;
          const price = priceOf(alter(index, to));
          if (price === total) continue;
          return [{ change, from, to, total_fen: Number(price), ...(several ? { item: index } : {}) }];
        }
      }
    }
  };

  const shares = (item: Item, index: number, other: number) =>
    index === other ||
    (item.pictures_ref !== undefined && item.pictures_ref === input.items[other]?.pictures_ref);
  const topTier = rules.text_tiers.reduce((top, tier) => Math.max(top, tier.up_to_chars ?? 0), 0) + 2;
  const found = [
    ...trial(
      "characters",
      (item, index) =>
        isText(certificate, item)
          ? Math.max(
              ...input.items
                .filter((other, at) => shares(other, at, index) && isText(certificate, other))
                .map((other) => other.chars_lower),
            )
          : null,
      (index, value) => ({
        ...input,
        items: input.items.map((item, at) =>
          shares(item, at, index) ? { ...item, chars_lower: value } : item,
        ),
      }),
      [0, topTier],
    ),
    ...trial(
      "pictures",
      (item) => item.pictures,
      (index, value) => ({
        ...input,
        items: input.items.map((item, at) => (at === index ? { ...item, pictures: value } : item)),
      }),
      [1, 10_000],
    ),
  ];
  const flipped = priceOf({ ...input, urgent: !input.urgent });
  if (flipped === total) return found;
  return [...found, { change: "urgent", from: input.urgent, to: !input.urgent, total_fen: Number(flipped) }];
}

function itemSentence({ input, items, rules }: QuoteCertificate, index: number): string {
  const item = input.items[index];
  if (item === undefined) return "";
  const service = rules.services[item.service];
  return sentence(item.pictures > 1 ? rules.words.several_pictures : rules.words.one_picture, [
    ["name", service.name],
    ["pictures", `${item.pictures}`],
    ["extra", `${item.pictures - 1}`],
    ["first", inYuan(BigInt(service.base_fen))],
    ["percent", `${rules.extra_picture_percent}`],
    ["amount", inYuan(BigInt(items[index]?.amount_fen ?? 0))],
  ]);
}

function totalSentences({ input, rules, floor_fen }: QuoteCertificate, totals: Totals): string[] {
  const { words } = rules;
  const isTextDecisive = totals.minimum > totals.sum;
  const isFloorDecisive = BigInt(floor_fen) > largest(totals.sum, totals.minimum);
  return [
    input.urgent
      ? sentence(words.urgent, [
          ["percent", `${rules.urgent_percent}`],
          ["amount", inYuan(totals.sum)],
        ])
      : "",
    isTextDecisive
      ? sentence(words.text_minimum, [
          ["chars", `${totals.chars}`],
          ["amount", inYuan(totals.minimum)],
        ])
      : "",
    isFloorDecisive ? sentence(words.agreed_before, [["amount", inYuan(BigInt(floor_fen))]]) : "",
  ].filter((line) => line !== "");
}

function settledSentence({ rules }: QuoteCertificate, settled: bigint): string {
  return sentence(rules.words.settled, [["amount", inYuan(settled)]]);
}

function sentence(template: string, values: [string, string][]): string {
  return values.reduce((text, [key, value]) => text.replaceAll(`{${key}}`, () => value), template);
}

function inYuan(fen: bigint): string {
  const [whole, rest] = [fen / 100n, fen % 100n];
  if (rest === 0n) return `${whole}`;
  return rest % 10n === 0n ? `${whole}.${rest / 10n}` : `${whole}.${rest < 10n ? "0" : ""}${rest}`;
}
