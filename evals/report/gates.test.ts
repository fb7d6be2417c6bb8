import { expect, it } from "vitest";
import { holds } from "./gates.ts";
import type { Gate } from "./report.ts";

const gates = [aGate("met", true), aGate("missed", false), aGate("missed too", false)];

it.each([
  ["nothing is known to be missed", [], false],
  ["one of two is known", ["missed"], false],
  ["both are known", ["missed", "missed too"], true],
  ["one that is known is met", ["missed", "missed too", "met"], false],
  ["one that is known is no gate", ["missed", "missed too", "gone"], false],
  ["another one is known", ["missed", "met"], false],
])("holds or not when %s", (_what, known, isHeld) => {
  expect(holds(gates, known)).toBe(isHeld);
});

it("holds without a word when all gates are passed", () => {
  expect(holds([aGate("met", true)], [])).toBe(true);
  expect(holds([], [])).toBe(true);
});

function aGate(name: string, passed: boolean): Gate {
  return { name, bar: "≥ 1", value: "1", passed };
}
