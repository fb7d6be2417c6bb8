import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessagesPerMinute } from "./messages-per-minute.ts";

const MINUTE_MS = 60_000;

test("no member gets more than so many in any minute, and who waits as long as told gets through", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 40 }),
      fc.array(fc.integer({ min: -90_000, max: 0 }), { maxLength: 8 }),
      (most, pauses, before) => {
        let now = 1_000_000;
        const budget = createMessagesPerMinute({ most, now: () => now });
        const known = before.map((ago) => now + ago).sort((one, other) => one - other);
        budget.note("a", known);
        const sent: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const wait = budget.take("a");
          if (wait === 0) sent.push(now);
          else {
            expect(wait).toBeLessThanOrEqual(MINUTE_MS);
            now += wait;
            expect(budget.take("a")).toBe(0);
            sent.push(now);
          }
          // Somebody else is not held up.
          expect(createMessagesPerMinute({ most, now: () => now }).take("b")).toBe(0);
        }
        for (const at of sent) {
          const inMinute = [...sent, ...known].filter((it) => it > at - MINUTE_MS && it <= at).length;
          expect(inMinute).toBeLessThanOrEqual(
            Math.max(most, known.filter((it) => it > at - MINUTE_MS).length),
          );
        }
      },
    ),
    { seed: 7, numRuns: 300 },
  );
});
