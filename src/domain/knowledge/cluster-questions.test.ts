import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clusterGaps, type Gap } from "./cluster-questions.ts";

const gap = (question: string, at: number, customerId = `u${at}`): Gap => ({
  question,
  at,
  customerId,
  words: question.split(" "),
});

describe("what nothing answered", () => {
  it("is grouped by what is asked about, most asked first", () => {
    const clusters = clusterGaps([
      gap("班车 几点", 1),
      gap("PLM 登录 失败", 2),
      gap("PLM 登录 不上", 3, "u2"),
      gap("PLM 怎么 登录", 4, "u2"),
    ]);

    expect(clusters).toMatchObject([
      { count: 3, customers: 1, lastAt: 4 },
      { question: "班车 几点", count: 1, others: [] },
    ]);
    expect([clusters[0]?.question, ...(clusters[0]?.others ?? [])].sort()).toEqual([
      "PLM 怎么 登录",
      "PLM 登录 不上",
      "PLM 登录 失败",
    ]);
  });

  it("is all there, once, and counts the same whatever the order it is given in", () => {
    const words = fc.array(fc.constantFrom("PLM", "登录", "班车", "几点", "食堂", "菜"), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 15 }).map((all) => all.map((it, at) => gap(it.join(" "), at))),
        (gaps) => {
          const clusters = clusterGaps(gaps);
          expect(clusters.reduce((sum, { count }) => sum + count, 0)).toBe(gaps.length);
          expect(clusterGaps([...gaps].reverse())).toEqual(clusters);
        },
      ),
    );
  });
});
