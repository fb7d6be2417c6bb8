import type { MiddlewareHandler } from "hono";
import { apiError } from "./api-error.ts";

/** Far above what we answer at once; below it a request waits, above it waiting would only make all of them late. */
const MOST_IN_FLIGHT = 1_000;
const RETRY_AFTER_SECONDS = 1;

export type InFlight = { count(): number; refused(): number; guard: MiddlewareHandler };

/** Counts the requests that are being answered, and refuses more than so many: 503, to be tried again in a second. */
export function createInFlight(most = MOST_IN_FLIGHT): InFlight {
  let count = 0;
  let refused = 0;
  return {
    count: () => count,
    refused: () => refused,
    guard: async (c, next) => {
      if (count >= most) {
        refused += 1;
        c.header("retry-after", String(RETRY_AFTER_SECONDS));
        return apiError(c, 503, "too many requests at once: try again in a second");
      }
      count += 1;
      try {
        await next();
      } finally {
        count -= 1;
      }
    },
  };
}
