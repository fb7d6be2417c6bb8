import { setImmediate } from "node:timers/promises";
import { AppError } from "../../domain/errors.ts";

/** The time left for one job on a picture, shared by all of its steps. */
export type Deadline = {
  /** Whole seconds for sharp's own limit, at least 1. */
  seconds(): number;
  /** Lets other work run between slices of a long loop. Throws AppError("operation-timeout") when the time is up. */
  breathe(): Promise<void>;
};

export function startDeadline(timeoutMs: number): Deadline {
  const endsAt = performance.now() + timeoutMs;
  return {
    seconds() {
      return Math.max(1, Math.ceil((endsAt - performance.now()) / 1000));
    },
    async breathe() {
      await setImmediate();
      if (performance.now() > endsAt)
        throw new AppError("operation-timeout", `no result within ${timeoutMs} ms`);
    },
  };
}
