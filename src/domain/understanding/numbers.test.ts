import { describe, expect, it } from "vitest";
import { parseNumber } from "./numbers.ts";

const digits = { 半: 0.5, 一: 1, 二: 2, 两: 2, 俩: 2, 三: 3, 五: 5, 九: 9 };

describe("parseNumber", () => {
  it.each([
    ["12", 12],
    ["1.5", 1.5],
    ["俩", 2],
    ["十", 10],
    ["十五", 15],
    ["二十", 20],
    ["一百二十", 120],
    ["两千", 2000],
    ["半", 0.5],
  ])("reads %s as %d", (written, value) => {
    expect(parseNumber(written, digits)).toBe(value);
  });

  it.each(["", "张", "一张", "三五"])("gives null for %j, which is no number", (written) => {
    expect(parseNumber(written, digits)).toBeNull();
  });
});
