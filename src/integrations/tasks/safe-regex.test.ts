import { expect, it } from "vitest";
import { MOST_PATTERN_SIZE } from "../../domain/tasks/matching.ts";
import { createSafeRegex } from "./safe-regex.ts";

it("finds what RE2 finds, whatever the case", () => {
  expect(createSafeRegex().compile("退(款|货)|REFUND")?.test("i want a refund")).toBe(true);
  expect(createSafeRegex().compile("^退款$")?.test("我要退款")).toBe(false);
});

it.each([
  ["a back-reference", "(a)\\1"],
  ["a look-ahead", "a(?=b)"],
  ["an open bracket", "(a"],
  ["a short pattern that is a large program", "(.*){999}b"],
  ["a long pattern", "a".repeat(201)],
])("refuses %s", (_what, pattern) => {
  expect(createSafeRegex().compile(pattern)).toBeNull();
});

it("says how large a pattern is, so that many together can be refused", () => {
  const regex = createSafeRegex();

  expect(regex.compile("多少钱|价格")?.size).toBeLessThan(MOST_PATTERN_SIZE / 50);
  expect(regex.compile("(a|b){20}")?.size).toBeGreaterThan(40);
});
