import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createNormaliser } from "./normalise.ts";
import { playbookLexiconSchema } from "./playbook-schema.ts";

const written = readFileSync(new URL("../../../config/playbook.yaml", import.meta.url), "utf8");
const normalise = createNormaliser(playbookLexiconSchema.parse(parse(written)));

describe("normalise", () => {
  it.each([
    ["ＯＫ", "ok"],
    ["８００＊８００", "800*800"],
    ["多少錢", "多少钱"],
    ["gaoqing", "高清"],
    ["扣图", "抠图"],
    ["帮我朝一下", "帮我找一下"],
    ["水 印 去掉", "水印去掉"],
    ["停停停停", "停"],
    ["10000", "10000"],
    ["👌🏻", "ok"],
    ["[微笑]", ""],
    ["1\ufe0f\u20e3", "1"],
  ])("squeezes %j to %j", (text, squeezed) => {
    expect(normalise(text).squeezed).toBe(squeezed);
  });

  it.each(["扣钱", "扣费", "朝左边", "再来一张"])("leaves %s as it is: here it is no mistyping", (text) => {
    expect(normalise(text).squeezed).toBe(text);
  });

  it("cuts clauses at breaks and spaces and takes the fillers off their ends", () => {
    expect(normalise("亲 在不\n好的呀，就这样吧").clauses).toBe("在不\n好的\n就这样吧");
  });

  it("keeps words for the picture as the buyer wrote them", () => {
    expect(normalise("改成 Happy New Year").written).toBe("改成 Happy New Year");
  });

  it("takes any text, without a break in the squeezed form", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const { squeezed, clauses } = normalise(text);
        expect(squeezed).not.toMatch(/\s/u);
        expect(clauses).not.toMatch(/\n\n/u);
      }),
    );
  });
});
