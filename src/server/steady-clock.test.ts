import fc from "fast-check";
import { expect, it } from "vitest";
import { createSteadyClock } from "./steady-clock.ts";

it("ticks on when the wall clock is set back, and follows it forward", () => {
  let wall = 1_000_000;
  let monotonic = 5;
  const now = createSteadyClock(
    () => wall,
    () => monotonic,
  );

  wall += 100;
  monotonic += 100;
  expect(now()).toBe(1_000_100);
  wall -= 600_000;
  monotonic += 50;
  expect(now()).toBe(1_000_150);
  wall += 3_600_000;
  monotonic += 1;
  expect(now()).toBe(wall);
});

it("never goes back and never falls behind, whatever the wall clock does", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -10_000, max: 10_000 }), fc.integer({ min: 0, max: 1_000 }))),
      (steps) => {
        let wall = 1_000_000;
        let monotonic = 0;
        const now = createSteadyClock(
          () => wall,
          () => monotonic,
        );
        let last = now();
        for (const [jump, passed] of steps) {
          wall += jump;
          monotonic += passed;
          const at = now();
          expect(at).toBeGreaterThanOrEqual(last + passed);
          expect(at).toBeGreaterThanOrEqual(wall);
          last = at;
        }
      },
    ),
  );
});
