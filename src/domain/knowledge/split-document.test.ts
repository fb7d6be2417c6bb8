import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, splitDocument } from "./split-document.ts";

const plain = (text: string) => text.replace(/\s+/gu, "");

describe("splitDocument", () => {
  it("cuts by headings and keeps the headings above each piece", () => {
    const long = (word: string) => word.repeat(250);
    const pieces = splitDocument([
      { heading: "VPN", level: 1 },
      { text: long("总说") },
      { heading: "安装", level: 2 },
      { text: "第一步" },
      { text: long("第二") },
      { heading: "打印机", level: 1 },
      { text: long("卡纸") },
    ]);

    expect(pieces).toEqual([
      { path: ["VPN"], text: long("总说") },
      { path: ["VPN", "安装"], text: `第一步\n${long("第二")}` },
      { path: ["打印机"], text: long("卡纸") },
    ]);
  });

  it("keeps short sections together, with their headings in the text", () => {
    const pieces = splitDocument([
      { heading: "VPN", level: 1 },
      { text: "总说" },
      { heading: "安装", level: 2 },
      { text: "第一步" },
      { heading: "报错", level: 2 },
      { text: "691" },
    ]);

    expect(pieces).toEqual([{ path: ["VPN"], text: "总说\n安装\n第一步\n报错\n691" }]);
  });

  it("cuts a long text after a sentence", () => {
    const sentence = `${"字".repeat(89)}。`;
    const pieces = splitDocument([{ text: sentence.repeat(12) }]);

    expect(pieces.length).toBeGreaterThan(1);
    for (const { text } of pieces) expect(text.endsWith("。")).toBe(true);
  });

  it("loses nothing, keeps the order and the size, whatever the document", () => {
    const block: fc.Arbitrary<Block> = fc.oneof(
      fc.record({
        heading: fc.string({ minLength: 1, maxLength: 20 }),
        level: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({ text: fc.string({ unit: "grapheme", maxLength: 2_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(block, { maxLength: 12 }), (blocks) => {
        const pieces = splitDocument(blocks);
        // Headings may stand between the texts: what was written is there, in its order.
        const after = plain(pieces.map(({ text }) => text).join(""));
        let at = 0;
        for (const character of blocks.flatMap((it) => ("text" in it ? [...plain(it.text)] : []))) {
          at = after.indexOf(character, at) + character.length;
          expect(at).toBeGreaterThanOrEqual(character.length);
        }
        for (const { text } of pieces) {
          expect(text.length).toBeLessThanOrEqual(720);
          expect(text).not.toBe("");
        }
      }),
    );
  });
});
