import fc from "fast-check";
import { expect, it } from "vitest";
import { isKey, joinKey } from "./keys.ts";

it("gives two lists one key only if they are the same list", () => {
  const part = fc.string({ unit: fc.constantFrom("a", "|", "%", "7", "C", "2", "5"), maxLength: 6 });
  const list = fc.array(part, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(list, list, (one, other) => {
      expect(joinKey(one) === joinKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 2_000 },
  );
});

it.each([
  ["买家 1", true],
  ["a\u0000b", false],
  ["a\nb", false],
  ["x\ud800", false],
  ["😀", true],
])("knows whether %j can be a key", (text, expected) => {
  expect(isKey(text)).toBe(expected);
});
