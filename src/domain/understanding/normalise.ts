import { compilePattern, compileWords } from "./lexicon-pattern.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";

/** One text in the forms that rules look at. */
export type NormalText = {
  /** As written, only width and invisible characters cleaned: for words that go on a picture. */
  written: string;
  /** The whole burst on one line, spaces squeezed out, breaks and punctuation as commas. */
  squeezed: string;
  /** One clause per line, filler words gone: for patterns that speak of a whole clause. */
  clauses: string;
  hasQuestionMark: boolean;
};

const INVISIBLE = /[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\ufe0e|\ufe0f|\u20e3/gu;
const PLATFORM_EMOJI = /\[[\p{Script=Han}a-z]{1,6}\]|\/:[a-z0-9@~!-]+/giu;
const PICTOGRAPH =
  /\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}]?(?:\u200d\p{Extended_Pictographic})*|[\u{1f1e6}-\u{1f1ff}]/gu;
// Digits are exempt: 10000 is a number, not an emphasis.
const REPEATED = /([^\d\s])\1{2,}/gu;
// A dot, colon or star between digits belongs to the number: 1.5米, 1:1, 800*800.
const CLAUSE_BREAK = /(?:[\s,;!?~、。…"'“”‘’()<>《》【】「」|·—]|(?<!\d)[.:]|[.:](?!\d))+/gu;
const COMMAS = /,{2,}/g;
const MAX_CHARS = 4000;

/** Writes a buyer's text in one way: width, letter case, traditional characters, emoji, pinyin, common mistypings. */
export function createNormaliser(lexicon: PlaybookLexicon): (text: string) => NormalText {
  const traditional = compileWords(Object.keys(lexicon.traditional));
  const emojiWords = new Map(Object.entries(lexicon.emoji).map(([key, value]) => [key.toLowerCase(), value]));
  const pinyinWords = compileWords(Object.keys(lexicon.pinyin));
  const pinyin = pinyinWords && new RegExp(`(?<![a-z])(?:${pinyinWords.source})(?![a-z])`, "gu");
  const typos = lexicon.typos.map(({ from, to }) => ({
    from: globally(compilePattern(from, lexicon.words)),
    to,
  }));
  const fillers = lexicon.fillers.map((source) => globally(compilePattern(source, lexicon.words)));

  const meaning = (emoji: string) => {
    const word = emojiWords.get(emoji) ?? emojiWords.get(emoji.replace(/[\u{1f3fb}-\u{1f3ff}]/gu, ""));
    return word ? ` ${word} ` : " ";
  };
  const fixTypos = (text: string) => typos.reduce((fixed, { from, to }) => fixed.replace(from, to), text);

  return (text) => {
    const written = text.slice(0, MAX_CHARS).replace(INVISIBLE, "").normalize("NFKC").trim();
    let normal = written.toLowerCase();
    if (traditional) normal = normal.replace(traditional, (char) => lexicon.traditional[char] ?? char);
    normal = normal.replace(PLATFORM_EMOJI, meaning).replace(PICTOGRAPH, meaning).replace(REPEATED, "$1");
    if (pinyin) normal = normal.replace(pinyin, (word) => lexicon.pinyin[word] ?? word);
    normal = fixTypos(normal);

    const clauses = fillers.reduce(
      (left, filler) => left.replace(filler, ""),
      normal.replace(CLAUSE_BREAK, "\n"),
    );
    const squeezed = normal
      .replace(/[^\S\n]+/gu, "")
      .replace(CLAUSE_BREAK, ",")
      .replace(COMMAS, ",");
    return {
      written,
      // Squeezing can bring a mistyped word together that spaces kept apart.
      squeezed: fixTypos(squeezed).replace(/^,|,$/g, ""),
      clauses: clauses.replace(/\n{2,}/g, "\n").trim(),
      hasQuestionMark: normal.includes("?"),
    };
  };
}

function globally(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, "gmu");
}
