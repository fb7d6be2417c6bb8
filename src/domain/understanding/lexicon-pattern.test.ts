import { describe, expect, it } from "vitest";
import { compilePattern, compileWords, isAnchored } from "./lexicon-pattern.ts";

describe("compilePattern", () => {
  it("puts word groups in, also groups that use groups", () => {
    const pattern = compilePattern("找{图}{0,2}$", { 图: "{大}图|照片", 大: "高清|大" });

    expect(pattern.test("找高清图照片")).toBe(true);
    expect(pattern.test("找图")).toBe(false);
  });

  it("leaves counts and Unicode classes alone", () => {
    expect(compilePattern("^\\p{Script=Han}{2}$", {}).test("抠图")).toBe(true);
  });

  it("names the word group that does not exist", () => {
    expect(() => compilePattern("找{途}", { 图: "图" })).toThrow("{途}");
  });

  it("reports an expression that does not compile", () => {
    expect(() => compilePattern("找(图", {})).toThrow();
  });
});

describe("isAnchored", () => {
  it("tells patterns of a whole clause from patterns of a text", () => {
    expect([isAnchored("^好$"), isAnchored("抠图"), isAnchored("[^,]{0,3}图")]).toEqual([true, false, false]);
  });
});

describe("compileWords", () => {
  it("prefers the longer word", () => {
    expect(compileWords(["白", "米白"])?.exec("米白")?.[0]).toBe("米白");
  });
});
