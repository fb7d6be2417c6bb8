import fc from "fast-check";
import { expect, test } from "vitest";
import { splitBytes } from "./split-bytes.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc
    .array(fc.constantFrom("您好", "。", "，", "\n", "a", " ", "😀", "é", "重置密码"), { maxLength: 200 })
    .map((words) => words.join("")),
);

test("no piece is larger than the limit, none is empty, and nothing but white space is lost", () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 120 }), (said, limit) => {
      const pieces = splitBytes(said, limit);
      for (const piece of pieces) {
        expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(limit);
        expect(piece.trim()).toBe(piece);
        expect(piece).not.toBe("");
        expect(piece.isWellFormed()).toBe(true);
      }
      const bare = (it: string) => it.replaceAll(/\s/gu, "");
      expect(bare(pieces.join(""))).toBe(bare(said.toWellFormed()));
    }),
    { seed: 5, numRuns: 500 },
  );
});

test("what fits stays whole, to the byte", () => {
  const whole = `${"啊".repeat(682)}ab`;
  expect(Buffer.byteLength(whole)).toBe(2048);
  expect(splitBytes(whole, 2048)).toEqual([whole]);
  expect(splitBytes(`${whole}c`, 2048)).toHaveLength(2);
});

test("cuts at the end of a line before a sentence, at a sentence before a comma", () => {
  expect(splitBytes("第一步：打开设置。\n第二步，点网络。再点代理", 60)).toEqual([
    "第一步：打开设置。",
    "第二步，点网络。再点代理",
  ]);
  expect(splitBytes("先重启电脑，再试。还不行就找我", 36)).toEqual(["先重启电脑，再试。", "还不行就找我"]);
});
