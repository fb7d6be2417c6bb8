import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { mutate, readMutants } from "./mutant.ts";

const mutants = readMutants();

it.each(mutants)("puts $id into $file as it is now", (mutant) => {
  const text = readFileSync(mutant.file, "utf8");

  expect(mutate(text, mutant)).not.toBe(text);
});

it("refuses a passage that is not there, or twice", () => {
  const [mutant] = mutants;
  if (mutant === undefined) throw new Error("there are no mutants");

  expect(() => mutate("", mutant)).toThrow("0 times");
  expect(() => mutate(`${mutant.find} ${mutant.find}`, mutant)).toThrow("2 times");
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
});
