import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { deadlineAt } from "./deadline.ts";
import { playbookLexiconSchema } from "./playbook-schema.ts";
import { createUnderstanding } from "./understand.ts";

const NOW = Date.parse("2026-11-21T15:20:00+08:00");
const understand = createUnderstanding(
  playbookLexiconSchema.parse(
    parse(readFileSync(new URL("../../../config/playbook.yaml", import.meta.url), "utf8")),
  ),
  { urgentWithinHours: () => 2 },
);
const at = (text: string) => {
  const { deadline } = understand({ text }).slots;
  if (deadline === undefined) return null;
  const ms = deadlineAt(deadline, NOW, "Asia/Shanghai");
  return new Date(ms + 8 * 3_600_000).toISOString().slice(5, 16).replace("T", " ");
};

describe("when a buyer wants it at the latest", () => {
  it.each([
    ["2小时内", "11-21 17:20"],
    ["两个小时内", "11-21 17:20"],
    ["一个半小时之内", "11-21 16:50"],
    ["半小时内", "11-21 15:50"],
    ["30分钟内", "11-21 15:50"],
    ["俩小时内", "11-21 17:20"],
    ["今晚8点前", "11-21 20:00"],
    ["8点前", "11-21 20:00"],
    ["下午4点半之前", "11-21 16:30"],
    ["明天上午要用", "11-22 12:00"],
    ["明天9点前", "11-22 09:00"],
    ["明早要", "11-22 10:00"],
    ["后天前", "11-24 00:00"],
    ["下班前", "11-21 18:00"],
    ["今天要用", "11-22 00:00"],
  ])("%s is %s", (words, expected) => {
    expect(at(words)).toBe(expected);
  });

  it.each(["急", "尽快", "月底前", "28号前", ""])("%s names no time of day", (words) => {
    expect(at(words)).toBeNull();
  });
});

describe("a time that is taken back", () => {
  it.each([
    ["1小时内要\n白色 不急了", "no"],
    ["1小时内要", "yes"],
    ["不急，1小时内就行", "yes"],
  ])("%j is urgent: %s", (text, urgent) => {
    expect(understand({ text }).slots.urgent).toBe(urgent);
  });
});
