import fc from "fast-check";
import type { RiskRules } from "../domain/orders/risk-rules.ts";

const isPlain = (term: string) => /^\p{Script=Han}{2,}$/u.test(term);

/** What a buyer may say to have a document changed. */
export const acts = fc.constantFrom(
  "名字改一下",
  "上的日期换成昨天",
  "金额改成8000",
  "照着做一份",
  "p个名字",
  "编号末尾改成7",
  "换成我的名字",
  "有效期改到明年",
);

/** Documents as the rules list them, some of which are too close to harmless words to be guessed at. */
export function listedNames({ documents: { groups } }: RiskRules) {
  const guessed = groups.flatMap(({ terms }) => terms.filter(isPlain));
  const exact = groups.flatMap(({ exact_terms }) => exact_terms.filter(isPlain));
  return { guessed: fc.constantFrom(...guessed), listed: fc.constantFrom(...guessed, ...exact) };
}

/** Names nobody listed: what they are of, what may link, what they are. */
export function composedNames({ documents: { groups, paper_heads } }: RiskRules) {
  return fc
    .constantFrom(...groups.filter(({ papers }) => papers.of.length > 0 && papers.heads.length > 0))
    .chain(({ papers }) =>
      fc.tuple(
        fc.constantFrom(...papers.of.filter(isPlain)),
        fc.constantFrom("", "的", "那份", "那种"),
        fc.constantFrom(...paper_heads.filter(isPlain)),
      ),
    )
    .map((parts) => parts.join(""));
}

/** One character of a listed name written another way. */
export function disguisedNames(rules: RiskRules) {
  const { characters, common, syllables, traditional } = rules.folding;
  return fc
    .tuple(
      listedNames(rules).guessed,
      fc.nat(),
      fc.nat(),
      fc.constantFrom("mark", "sound", "homophone", "emoji"),
    )
    .map(([name, place, pick, manner]) => {
      const chars = [...name];
      const at = place % chars.length;
      const char = chars[at] ?? "";
      const [sound = "", alike = ""] =
        Object.entries(syllables).find(([, written]) => written.includes(char)) ?? [];
      const rare = [...alike].filter(
        (one) =>
          one !== char &&
          !common.includes(one) &&
          !traditional.includes(one) &&
          !Object.hasOwn(characters, one),
      );
      const written = {
        mark: `${char}.`,
        emoji: `${char}🔴`,
        sound,
        homophone: chars.length > 2 ? (rare[pick % Math.max(1, rare.length)] ?? char) : char,
      }[manner];
      return { name, written: chars.with(at, written).join(""), manner };
    })
    .filter(({ written, manner }) => manner !== "homophone" || makesNoWord(written));
}

const segmenter = new Intl.Segmenter("zh", { granularity: "word" });

/** 糊口本 is no 户口本: a guessed character that makes a word of its own is left alone. */
function makesNoWord(written: string): boolean {
  return [...segmenter.segment(written)].every(({ segment }) => [...segment].length === 1);
}

/** Lines that clear what they name themselves: a thing to sell, a notice, our own papers, a portrait, a warning. */
export function clearingLines(rules: RiskRules) {
  const { documents, lookalikes, lookalikes_without_work, ownership, word_rules } = rules;
  const excusing = [
    ...lookalikes,
    ...lookalikes_without_work,
    ...word_rules.flatMap((rule) => rule.without ?? []),
    ...ownership.stated,
    ...documents.product_endings,
    ...documents.products,
    ...documents.purpose_beginnings,
    ...documents.handling_words,
    ...documents.neutral_words,
    ...documents.media,
    ...documents.adverts,
  ].map((term) => term.replaceAll("*", "一下"));
  const sayings = fc.constantFrom(
    (name: string) => `${name}收纳盒 抠白底`,
    (name: string) => `${name}打孔器换个背景`,
    (name: string) => `海报加一句 凭${name}半价`,
    (name: string) => `门口告示写上“入场请出示${name}”`,
    (name: string) => `不要改${name}`,
    (name: string) => `${name}压缩到200k 内容都别动`,
    () => "发票开好发我邮箱",
    () => "要开发票",
    () => "先签合同 你们盖好章寄给我",
    () => "证件照换蓝底",
    () => "禁止赌博的标语加粗",
    () => "禁毒宣传用",
    () => "拍戏的道具",
    () => "裸色口红调亮",
  );
  return fc.oneof(
    fc.constantFrom(...excusing),
    fc.tuple(listedNames(rules).listed, sayings).map(([name, say]) => say(name)),
  );
}

/** What the word rules reject by itself: sexual, violent, gambling, political, forgers' own words. */
export function forbiddenSayings({ word_rules }: RiskRules): string[] {
  return word_rules
    .filter(({ decision }) => decision === "reject")
    .flatMap(({ any, with: companions = [""] }) =>
      any.map((term) => `${term.replaceAll("*", "一下")} ${companions[0] ?? ""}`),
    );
}
