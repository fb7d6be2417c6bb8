import { compilePattern } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern } from "./text-pattern.ts";

// 1抠图2修复, a改字b换底
const LABELS = ["1234", "abcd", "一二三四"];
const FEWEST_OPTIONS = 2;

/**
 * 抠图，还是描图？ 第二种. 1 抠图 2 修复 3 改色: 选3. Leaves of our question what the buyer chose by its place or label;
 * all of it when nothing was.
 *
 * @returns reader; `namesWork` tells an option from what else we said
 */
export function createChoiceReader(
  lexicon: PlaybookLexicon,
): (text: NormalText, bot: NormalText, namesWork: (words: string) => boolean) => NormalText {
  const between = compilePattern(lexicon.choice.between, lexicon.words);
  const nth = compilePattern(lexicon.choice.nth, lexicon.words);
  const first = createTextPattern(lexicon.choice.first, lexicon);
  const last = createTextPattern(lexicon.choice.last, lexicon);

  return (text, bot, namesWork) => {
    const options =
      labelledOptions(bot.squeezed, namesWork) ?? namedOptions(bot.squeezed, between, namesWork);
    if (options === null) return bot;
    const label = nth.exec(text.clauses)?.[1];
    const place = label === undefined ? -1 : placeOf(label);
    const chosen =
      options[place] ??
      (first.matches(text) ? options[0] : undefined) ??
      (last.matches(text) ? options.at(-1) : undefined);
    return chosen === undefined ? bot : { ...bot, squeezed: chosen };
  };
}

function placeOf(label: string): number {
  return Math.max(...LABELS.map((labels) => labels.indexOf(label)));
}

function labelledOptions(said: string, namesWork: (words: string) => boolean): string[] | null {
  for (const labels of LABELS) {
    const options: string[] = [];
    let from = placeOfLabel(said, labels[0] ?? "", 0);
    for (let next = 1; from >= 0; next += 1) {
      const to = next < labels.length ? placeOfLabel(said, labels[next] ?? "", from + 1) : -1;
      options.push(said.slice(from + 1, to < 0 ? undefined : to));
      from = to;
    }
    if (options.filter(namesWork).length >= FEWEST_OPTIONS) return options;
  }
  return null;
}

/** A label stands by itself: the 1 of 1抠图, not of 10元 or 第1张. */
function placeOfLabel(said: string, label: string, from: number): number {
  const standing = new RegExp(`(?<![\\da-z第])${label}(?=[,:)]|[一-龥])(?![张个元块倍寸])`, "gu");
  standing.lastIndex = from;
  return standing.exec(said)?.index ?? -1;
}

/** 抠图，放大还是改字: what stands before the last option is one, or several that each name work. */
function namedOptions(said: string, between: RegExp, namesWork: (words: string) => boolean): string[] | null {
  const middle = between.exec(said);
  if (middle === null) return null;
  const before = said.slice(0, middle.index);
  const named = before.split(",").filter((words) => namesWork(words) && !/[了过]$/u.test(words));
  return [
    ...(named.length >= FEWEST_OPTIONS ? named : [before]),
    said.slice(middle.index + middle[0].length),
  ];
}
