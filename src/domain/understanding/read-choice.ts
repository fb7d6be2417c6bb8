import { compilePattern } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern } from "./text-pattern.ts";

/** 抠图，还是描图？ 第二种: leaves of our question what the buyer chose by its place; all of it when nothing was. */
export function createChoiceReader(
  lexicon: PlaybookLexicon,
): (text: NormalText, bot: NormalText) => NormalText {
  const between = compilePattern(lexicon.choice.between, lexicon.words);
  const first = createTextPattern(lexicon.choice.first, lexicon);
  const last = createTextPattern(lexicon.choice.last, lexicon);

  return (text, bot) => {
    const middle = between.exec(bot.squeezed);
    if (middle === null) return bot;
    if (first.matches(text)) return { ...bot, squeezed: bot.squeezed.slice(0, middle.index) };
    if (last.matches(text)) return { ...bot, squeezed: bot.squeezed.slice(middle.index + middle[0].length) };
    return bot;
  };
}
