import fc from "fast-check";
import { expect, it } from "vitest";
import { randomOf } from "../../sandbox/random.ts";
import { scenarioSchema } from "../scenarios/scenario.ts";
import { DISTURBANCES, disturb } from "./disturbances.ts";
import { inParallel } from "./in-parallel.ts";
import { meanPassHatK, passHatK } from "./pass-hat-k.ts";
import { allTrialsOf, trialsOf } from "./run-trials.ts";
import { withTypo } from "./typos.ts";

const scenario = scenarioSchema.parse({
  id: "one",
  title: "放大",
  steps: [{ say: ["这张放大2倍，清楚一点"], pictures: ["photo:1"] }, { say: ["可以"] }],
  expect: {},
});

it("counts pass^k as the share of draws of k trials that all pass", () => {
  expect(passHatK(9, 9, 4)).toBe(1);
  expect(passHatK(8, 9, 4)).toBeCloseTo(70 / 126);
  expect(passHatK(3, 9, 4)).toBe(0);
  expect(passHatK(3, 3, 4)).toBeNull();
  expect(
    meanPassHatK(
      [
        { passed: 9, trials: 9 },
        { passed: 0, trials: 9 },
      ],
      4,
    ),
  ).toBe(0.5);
  expect(meanPassHatK([], 1)).toBeNull();
});

it("falls as more trials must pass, and rises with those that do", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.nat(20),
      fc.integer({ min: 1, max: 10 }),
      (trials, some, k) => {
        const passed = Math.min(some, trials);
        const chance = passHatK(passed, trials, k);
        expect(chance === null).toBe(trials < k);
        fc.pre(chance !== null);
        const harder = passHatK(passed, trials, k + 1);
        const better = passHatK(Math.min(passed + 1, trials), trials, k);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(better ?? 1).toBeGreaterThanOrEqual(chance);
        if (harder !== null) expect(harder).toBeLessThanOrEqual(chance + 1e-12);
      },
    ),
  );
});

it("disturbs in the same way for the same chance, and leaves what is expected alone", () => {
  for (const by of DISTURBANCES) {
    const [one, other] = [disturb(scenario, by, randomOf(7)), disturb(scenario, by, randomOf(7))];
    expect(one).toEqual(other);
    expect(one.scenario.expect).toEqual(scenario.expect);
    expect(one.scenario === scenario && Object.values(one.delivery).join() === "1,false,,", by).toBe(false);
  }
});

it("gives each scenario five disturbances that it allows, and all of them to some", () => {
  const given = Array.from({ length: 40 }, (_none, at) => trialsOf({ id: `s-${at}`, undisturbed: ["typo"] }));

  for (const trials of given) {
    expect(trials[0]).toBe("plain");
    expect(new Set(trials).size).toBe(6);
    expect(trials).not.toContain("typo");
  }
  expect(new Set(given.flat()).size).toBe(DISTURBANCES.length);
  expect(trialsOf({ id: "one", undisturbed: [...DISTURBANCES] })).toEqual(["plain"]);
  expect(allTrialsOf({ undisturbed: [] })).toHaveLength(DISTURBANCES.length + 1);
});

it("never changes a number or a Latin word by a typo", () => {
  fc.assert(
    fc.property(fc.integer(), fc.stringMatching(/^[可以放大的图做吗0-9a-z ]{0,12}$/u), (seed, text) => {
      const kept = (words: string) => words.replace(/[^0-9a-z]/gu, "");
      expect(kept(withTypo(text, randomOf(seed)))).toBe(kept(text));
    }),
  );
});

it("works in lanes and answers in the order of the items", async () => {
  let running = 0;
  let most = 0;
  const values = await inParallel([30, 1, 10, 5], 2, async (ms) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((done) => setTimeout(done, ms));
    running -= 1;
    return ms * 2;
  });

  expect(values).toEqual([60, 2, 20, 10]);
  expect(most).toBe(2);
});
