import { describe, expect, it } from "vitest";
import { createTermSet, findTerms } from "./term-set.ts";
import { compileTerm, foldDisguise } from "./text-folding.ts";
import { isAcrossWords } from "./word-borders.ts";

function isAccident(text: string, term: string, open: string[] = []): boolean {
  const folded = foldDisguise(text, {});
  const [span] = findTerms(
    folded,
    createTermSet([compileTerm(term, { characters: {}, glyphs: {} }, "exact")]),
  );
  if (span === undefined) throw new Error(`${term} is not in ${text}`);
  return isAcrossWords(folded, span, new Set(open));
}

describe("isAcrossWords", () => {
  it.each([
    ["颜色情况你看下", "色情"],
    ["阳台独立洗衣柜", "台独"],
    ["支援交通劝导的志愿者", "援交"],
    ["这个毛病历来就有", "病历"],
    ["香港独家进口", "港独"],
  ])("takes what %s says of %s for an accident", (text, term) => {
    expect(isAccident(text, term)).toBe(true);
  });

  it.each([
    ["找点色情图", "色情"],
    ["做一张台独海报", "台独"],
    ["写上台独万岁", "台独"],
    ["援交信息图", "援交"],
    ["把病历改一下", "病历"],
    ["代开发票吗", "发票"],
    ["衣服脱掉", "衣服脱"],
    ["色 情 海报", "色情"],
  ])("takes what %s says of %s as said", (text, term) => {
    expect(isAccident(text, term)).toBe(false);
  });

  it("lets a term go on into a word that may end it", () => {
    expect(isAccident("改毕业证书", "业证")).toBe(true);
    expect(isAccident("改毕业证书", "业证", ["毕业", "证书"])).toBe(false);
  });
});
