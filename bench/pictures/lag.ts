import { setTimeout } from "node:timers/promises";
import { quantile } from "../figures.ts";

const TICK_MS = 1;

/** How late the event loop is while something runs; what lies between runs is not counted. */
export function createLagMeter() {
  const latenesses: number[] = [];

  return {
    async during<Result>(run: () => Promise<Result>): Promise<Result> {
      let expectedAt = performance.now() + TICK_MS;
      const timer = setInterval(() => {
        const now = performance.now();
        latenesses.push(Math.max(0, now - expectedAt));
        expectedAt = now + TICK_MS;
      }, TICK_MS);
      try {
        const result = await run();
        // The last stretch counts only when the loop is back.
        await setTimeout(2 * TICK_MS);
        return result;
      } finally {
        clearInterval(timer);
      }
    },

    p99Ms: () => quantile(latenesses, 0.99),
    maxMs: () => quantile(latenesses, 1),
  };
}
