import type { NormalText } from "./normalise.ts";

/** One labelled message, as far as a guess looks at it. */
type Example<Label> = { label: Label; text: NormalText; flags: ReadonlySet<string> };

const LONGEST_RUN = 3;
const MOST_CHARS = 120;
// In examples: most runs of characters are seen once or twice.
const SMOOTHING = 3;
// Runs overlap and say the same thing several times.
const OVERLAP = 4;
// The same words mean another thing in each.
const STATES = ["has_image", "offer", "order_working", "order_delivered"];

/**
 * Weighs what a text may mean by its likeness to the lexicon's examples: which runs of characters, and which states of the
 * conversation, went with which label (naive Bayes).
 *
 * @returns for each label the logarithm of its likelihood, 0 for the likeliest and less for the others; null when there are
 * no examples, or none that has any two characters of the text
 */
export function createGuesser<Label>(
  examples: Example<Label>[],
): (text: NormalText, flags: ReadonlySet<string>) => ReadonlyMap<Label, number> | null {
  const labels = [...new Set(examples.map(({ label }) => label))];
  const seen = labels.map((label) => examples.filter((example) => example.label === label).length);
  const counts = new Map<string, number[]>();
  for (const { label, text, flags } of examples) {
    const index = labels.indexOf(label);
    for (const feature of featuresOf(text, flags)) {
      const row = counts.get(feature) ?? labels.map(() => 0);
      row[index] = (row[index] ?? 0) + 1;
      counts.set(feature, row);
    }
  }
  const weights = new Map(
    [...counts].map(([feature, row]) => {
      const share = row.reduce((sum, count) => sum + count, 0) / examples.length;
      return [feature, row.map((count, index) => logShare(count, seen[index] ?? 0, share))];
    }),
  );
  const priors = seen.map((count) => Math.log(count + 1));

  return (text, flags) => {
    if (!hasKnownWords(text)) return null;
    const scores = [...priors];
    for (const feature of featuresOf(text, flags)) {
      weights.get(feature)?.forEach((weight, index) => {
        scores[index] = (scores[index] ?? 0) + weight;
      });
    }
    const best = Math.max(...scores);
    return new Map(labels.map((label, index) => [label, (scores[index] ?? 0) - best]));
  };

  /** Words that no example has are like none of them. */
  function hasKnownWords({ squeezed }: NormalText): boolean {
    for (let start = 0; start + 2 <= Math.min(squeezed.length, MOST_CHARS); start += 1)
      if (weights.has(squeezed.slice(start, start + 2))) return true;
    return weights.has(`<${squeezed}>`);
  }
}

// A label with few examples is taken to be like all of them.
function logShare(count: number, of: number, share: number): number {
  return Math.log((count + SMOOTHING * share) / (of + SMOOTHING)) / OVERLAP;
}

function featuresOf({ squeezed }: NormalText, flags: ReadonlySet<string>): Set<string> {
  const line = `<${squeezed.slice(0, MOST_CHARS)}>`;
  const state = STATES.filter((flag) => flags.has(flag)).join(" ");
  const features = new Set([`@${state}`]);
  for (let start = 0; start < line.length; start += 1) {
    for (let run = 1; run <= LONGEST_RUN; run += 1) {
      const words = line.slice(start, start + run);
      features.add(words).add(`${state} ${words}`);
    }
  }
  for (const flag of flags) features.add(`@${flag}`);
  return features;
}
