import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Concept, coverage } from "./coverage.ts";

const concept = (word: string, weight = 1, others: string[] = []): Concept => ({
  word,
  weight,
  others,
  parts: [...word].slice(1).map((character, at) => `${[...word][at]}${character}`),
});
const anyConcept: fc.Arbitrary<Concept> = fc.record({
  word: fc.stringMatching(/^[打印机邮箱密码卡纸]{1,4}$/u),
  weight: fc.double({ min: 0.01, max: 10, noNaN: true }),
  others: fc.array(fc.stringMatching(/^[打印机邮箱密码卡纸]{1,3}$/u), { maxLength: 2 }),
  parts: fc.constant([]),
});
const anyText = fc.stringMatching(/^[打印机邮箱密码卡纸的在了]{0,30}$/u);

describe("coverage", () => {
  it("says what share of a question a text speaks of", () => {
    const asked = [concept("打印机", 3), concept("卡纸", 5)];

    expect(coverage(asked, "打印机卡纸了", 0)).toBe(1);
    expect(coverage(asked, "打印机没墨", 0)).toBe(3 / 8);
    expect(coverage(asked, "邮箱", 0)).toBe(0);
    expect(coverage(asked, "打印机卡纸了", 8)).toBe(0.5);
  });

  it("counts other words for it more than its parts, and these more than its single characters", () => {
    const asked = concept("卡纸", 1, ["夹纸"]);
    const [itself, other, spelled] = ["卡纸", "夹纸", "纸卡"].map((text) => coverage([asked], text, 0));
    const inParts = coverage([concept("打印机")], "打印", 0);

    expect([itself, other, spelled]).toEqual([1, 0.8, 0.3]);
    expect(inParts).toBe(0.35);
  });

  it("is a share, and a longer text never speaks of less", () => {
    fc.assert(
      fc.property(
        fc.array(anyConcept, { maxLength: 6 }),
        anyText,
        anyText,
        fc.double({ min: 0, max: 9, noNaN: true }),
        (asked, text, more, unsaid) => {
          const share = coverage(asked, text, unsaid);
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1 + 1e-9);
          expect(coverage(asked, `${text}${more}`, unsaid)).toBeGreaterThanOrEqual(share);
        },
      ),
    );
  });

  it("covers nothing when nothing is asked", () => {
    expect(coverage([], "打印机", 0)).toBe(0);
  });
});
