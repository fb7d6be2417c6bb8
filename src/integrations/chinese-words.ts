import { Jieba } from "@node-rs/jieba";
import { dict } from "@node-rs/jieba/dict.js";

/** Words with no meaning of their own; a query of nothing else finds nothing. */
const EMPTY_WORDS = new Set(
  "的 了 和 是 我 要 有 个 张 一 在 吗 呢 the a an of and 怎么 怎么办 怎样 如何 什么 啥 谁 哪 哪里 哪个 哪儿 为什么 为啥 咋 咋办 咋弄 能不能 能 可以 可不可以 是不是 有没有 一下 还 还是 都 就 吧 啊 呀 哦 嗯 给 去 来 把 被 让 到 好 没 没有 不 不能 这 这个 那 那个 他 她 它 你 您 我们 你们 他们 大家 请问 麻烦 帮 帮忙 谢谢 老 总 老是 一直 今天 昨天 明天 刚 刚才 刚刚 现在 已经 突然 然后 但是 可是 因为 所以 如果 要是 想 想要 需要 应该 会 得 地 着 过 很 太 真 也 又 再 才 只 多 多少 几 些 点 下 上 里 出 出来 起来 上去 下来 进去 跟 与 或 对 从 用 以 为 于 而 之 其 此 每 各 另 另外 怎 么 怎么回事 回事 情况 问题 东西 时候 办 弄 搞 看 看看 说 问 知道 几点 多久 找谁 谁能 咋样".split(
    " ",
  ),
);

const ONE_HAN = /^\p{Script=Han}$/u;

let dictionary: Jieba | null = null;

/**
 * The dictionary, read once for all who cut words in this process. Reading it takes some 150 ms in which nothing else is
 * done: whoever must answer soon calls this before anybody asks.
 */
export function loadDictionary(): Jieba {
  dictionary ??= Jieba.withDict(dict);
  return dictionary;
}

/**
 * Cuts Chinese and Latin text into words, their parts, and pairs of Han characters: a two-character word hits however
 * the dictionary cuts around it. Folded to half width and lower case; a word that is said twice comes twice.
 */
export type WordCutter = (text: string) => string[];

export function createWordCutter(): WordCutter {
  return (text) => {
    const plain = foldedText(text);
    const words = loadDictionary()
      .cutForSearch(plain, true)
      .filter((word) => /[\p{L}\p{N}]/u.test(word));
    const pairs = (plain.match(/\p{Script=Han}{2,}/gu) ?? []).flatMap(pairsOf);
    return [...words, ...pairs].filter((word) => !EMPTY_WORDS.has(word));
  };
}

/** 打印机: 打印, 印机. */
export function pairsOf(run: string): string[] {
  const characters = [...run];
  return characters.slice(1).map((character, at) => `${characters[at]}${character}`);
}

/**
 * The words of a text with their part of speech, in the letters of jieba (n thing, v doing, m number, eng Latin …). Of
 * the dictionary only: words that are guessed from their neighbours (码看, 马上转) would be written nowhere.
 */
export type WordTagger = (text: string) => { word: string; tag: string }[];

export function createWordTagger(): WordTagger {
  return (text) => {
    return loadDictionary()
      .tag(foldedText(text), false)
      .filter(({ word }) => /[\p{L}\p{N}]/u.test(word) && !EMPTY_WORDS.has(word));
  };
}

/** To half width and lower case, as words are compared. */
export function foldedText(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Each Han character too: 慢 finds 缓慢, and 纸 finds 卡纸. */
export function withCharacters(cut: WordCutter): WordCutter {
  return (text) => {
    const words = cut(text).filter((word) => !ONE_HAN.test(word));
    const characters = text.match(/\p{Script=Han}/gu) ?? [];
    return [...words, ...characters.filter((character) => !EMPTY_WORDS.has(character))];
  };
}
