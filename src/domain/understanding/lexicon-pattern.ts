/** Named groups of words that a pattern may use as {name}. */
export type WordGroups = Record<string, string>;

// {图} is a word group; {0,4} and \p{Han} are not.
const GROUP_REFERENCE = /(?<!\\p)\{([^\d{}][^{}]*)\}/giu;
const ANCHOR = /(?<!\\|\[)(?:\^|\$)/u;
const MAX_GROUP_DEPTH = 4;

/**
 * Compiles one pattern of the lexicon.
 *
 * @throws Error when the expression is wrong or names an unknown word group; the message says which
 */
export function compilePattern(source: string, groups: WordGroups): RegExp {
  let expanded = source;
  for (let depth = 0; depth < MAX_GROUP_DEPTH; depth += 1) {
    const next = expanded.replace(GROUP_REFERENCE, (_whole, name: string) => {
      const words = groups[name];
      if (words === undefined) throw new Error(`unknown word group {${name}}`);
      return `(?:${words})`;
    });
    if (next === expanded) break;
    expanded = next;
  }
  return new RegExp(expanded, "mu");
}

/** An anchored pattern speaks of a whole clause, any other of the text with its spaces squeezed out. */
export function isAnchored(source: string): boolean {
  return ANCHOR.test(source);
}

/** One alternation for fixed words, longest first, so that a longer word wins over its beginning. */
export function compileWords(words: string[]): RegExp | null {
  if (words.length === 0) return null;
  const sorted = [...words].sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "gu");
}
