import { describe, expect, it } from "vitest";
import { countCharacters, failedEvidence, judgeEvidence, textEvidenceSchema } from "./evidence.ts";

const source = { engine: "pp-ocr", version: "1", id: "e1" };
const aBox = (text: string, score: number, [width, height] = [10, 10]) => ({
  text,
  score,
  points: [
    [0, 0],
    [width ?? 0, 0],
    [width ?? 0, height ?? 0],
    [0, height ?? 0],
  ] as [number, number][],
});
const judge = (...boxes: ReturnType<typeof aBox>[]) => judgeEvidence(boxes, { ...source, pictureArea: 1000 });

describe("countCharacters", () => {
  it.each([
    ["开业大吉", 4],
    ["ABC 123", 6],
    ["，。！？ -*/", 0],
    ["👍🏽🎉1️⃣", 0],
    ["Straße", 6],
    ["한글 かな ไทย", 7],
    ["𠮷野家", 3],
    ["", 0],
  ])("counts %s", (text, count) => {
    expect(countCharacters(text)).toBe(count);
  });
});

describe("judgeEvidence", () => {
  it("counts boxes from 0.8 in the lower bound and from 0.5 in the upper", () => {
    const evidence = judge(aBox("大促", 0.8), aBox("三折", 0.79), aBox("糊", 0.5), aBox("噪声", 0.49));

    expect([evidence.chars_lower, evidence.chars_upper, evidence.verdict]).toEqual([2, 5, "yes"]);
    expect(textEvidenceSchema.parse(evidence)).toEqual(evidence);
  });

  it("is no for one stray character, however sure", () => {
    expect(judge(aBox("一", 0.99)).verdict).toBe("no");
    expect(judge(aBox("…", 0.99), aBox("丨", 0.6)).verdict).toBe("no");
  });

  it("is unsure when only the upper bound shows text", () => {
    expect(judge(aBox("一", 0.9), aBox("二", 0.6)).verdict).toBe("unsure");
  });

  it("gives the share of the picture that boxes cover, at most all of it", () => {
    expect(judge(aBox("大促", 0.9, [10, 20])).area_share).toBeCloseTo(0.2);
    expect(judge(aBox("大促", 0.9, [100, 100])).area_share).toBe(1);
  });
});

describe("failedEvidence", () => {
  it("is unsure and marked as failed", () => {
    expect(failedEvidence(source)).toMatchObject({ verdict: "unsure", failed: true, boxes: [] });
  });
});
