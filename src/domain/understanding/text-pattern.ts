import { compilePattern, isAnchored } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";

/** A pattern that knows which form of the text it speaks of. */
export type TextPattern = {
  find(text: NormalText): RegExpExecArray | null;
  matches(text: NormalText): boolean;
};

export function createTextPattern(source: string, lexicon: PlaybookLexicon): TextPattern {
  const expression = compilePattern(source, lexicon.words);
  const form = isAnchored(source) ? "clauses" : "squeezed";
  return {
    find: (text) => expression.exec(text[form]),
    matches: (text) => expression.test(text[form]),
  };
}
