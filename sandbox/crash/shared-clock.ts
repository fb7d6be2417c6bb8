import { openSync, readSync, writeSync } from "node:fs";

/**
 * A wall clock that all processes of a crash run share and that the harness sets: the machine's, plus an offset in a
 * small file. A process that stood still sees at its first look how late it is, as with a real clock.
 */
export function openSharedClock(file: string): { now(): number; step(ms: number): void } {
  const { now } = Date;
  const handle = openSync(file, "a+");
  const bytes = Buffer.alloc(8);
  const offset = () => (readSync(handle, bytes, 0, 8, 0) === 8 ? bytes.readDoubleLE() : 0);
  return {
    now: () => now() + offset(),
    step(ms) {
      bytes.writeDoubleLE(Math.round(offset() + ms));
      const target = openSync(file, "r+");
      writeSync(target, bytes, 0, 8, 0);
    },
  };
}

/** Makes `Date` follow that clock too: graphile-worker and other libraries read the time there. */
export function showInDate(now: () => number): void {
  globalThis.Date = class extends Date {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(now());
      else super(...(given as [number]));
    }

    static override now(): number {
      return now();
    }
  } as DateConstructor;
}
