import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTermSet, findTerms } from "./term-set.ts";
import { compileTerm, foldDisguise, sourceOf, type Writing } from "./text-folding.ts";

const folding = {
  characters: { 證: "证" },
  glyphs: {
    证: { sound: "zheng", alike: "正政", split: ["言正"] },
    公: { sound: "gong", alike: "弓", split: [] },
    章: { sound: "zhang", alike: "张", split: ["立早"] },
  },
};
function found(text: string, written: string, writing: Writing = "disguised"): string[] {
  const folded = foldDisguise(text, folding.characters);
  return findTerms(folded, createTermSet([compileTerm(written, folding, writing)])).map((span) =>
    sourceOf(folded, span),
  );
}

describe("findTerms", () => {
  it.each([
    ["公章", "公章"],
    ["公 章", "公 章"],
    ["公🔴章", "公🔴章"],
    ["公\u200b章", "公\u200b章"],
    ["gong章", "gong章"],
    ["ＧＯＮＧ章", "ＧＯＮＧ章"],
    ["弓章", "弓章"],
    ["公立早", "公立早"],
    ["gongzhang", "gongzhang"],
  ])("finds 公章 written as %s and gives it back as written", (text, written) => {
    expect(found(`做个${text}吧`, "公章")).toEqual([written]);
  });

  it("finds a long term whose last character is its initial", () => {
    expect(found("身份z 改一下", "身份证")).toEqual(["身份z"]);
    expect(found("公z", "公章")).toEqual([]);
  });

  it("unifies traditional characters", () => {
    expect(found("身份證", "身份证")).toEqual(["身份證"]);
  });

  it("does not take a term in which every character is a homophone", () => {
    expect(found("弓张", "公章")).toEqual([]);
  });

  it("does not guess in an exact term", () => {
    expect(found("gong章", "公章", "exact")).toEqual([]);
  });

  it("does not join what stands on two lines", () => {
    expect(found("办公\n章节", "公章")).toEqual([]);
  });

  it("takes a Latin term only at the edge of a word", () => {
    expect(found("存成jpg", "p")).toEqual([]);
    expect(found("p 一下", "p")).toEqual(["p"]);
    expect(found("11分钟", "1分钟")).toEqual([]);
  });

  it("lets a star stand for at most six characters of the same line", () => {
    expect(found("放到大概10倍", "放*倍")).toHaveLength(1);
    expect(found("放一二三四五六七倍", "放*倍")).toEqual([]);
    expect(found("放\n倍", "放*倍")).toEqual([]);
  });

  it("finds a term wherever separators are put", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(" ", ".", "-", "🔴", "\u200b", "、", "　"), { maxLength: 4 }),
        (marks) => {
          expect(found(`要公${marks.join("")}章。`, "公章")).toHaveLength(1);
        },
      ),
    );
  });
});

describe("foldDisguise", () => {
  const read = (text: string) => foldDisguise(text, {}, { "🎫": "票", "🆔": "身份证" }).text;

  it("reads a picture that stands for a word", () => {
    expect(read("发🎫改金额")).toBe("发票改金额");
    expect(read("🆔卡")).toBe("身份证卡");
  });

  it("drops it where the word itself stands beside it", () => {
    expect(read("发🎫票")).toBe("发票");
    expect(read("身🆔份🆔证")).toBe("身份证");
  });
});
