import type { ConfigText, ConfigVersionStore } from "../domain/config-versions.ts";
import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";

const TRY_AGAIN_MS = 30_000;
/** Five minutes. What a database does not take for longer is kept at the next start. */
const MOST_TRIES = 10;

/**
 * Writes down what the shop's files held when they came to be used. Nobody waits for it, and a database that does not
 * take it is a warning: answers need the files, not their history.
 */
export function createVersionKeeper({
  now,
  log,
  tryAgainMs = TRY_AGAIN_MS,
}: {
  now: () => number;
  log: Log;
  tryAgainMs?: number;
}) {
  const waiting: { text: ConfigText; at: number; tries: number }[] = [];
  let store: ConfigVersionStore | null = null;
  let isWorking = false;
  let working = Promise.resolve();
  let again: NodeJS.Timeout | undefined;

  function work(): void {
    if (store === null || isWorking) return;
    clearTimeout(again);
    isWorking = true;
    working = writeTo(store);
  }

  async function writeTo(target: ConfigVersionStore): Promise<void> {
    for (let next = waiting[0]; next !== undefined && store !== null; next = waiting[0]) {
      try {
        await target.keep(next.text, next.at);
      } catch (error) {
        const { name, version } = next.text;
        log.warn("config.version_not_kept", { name, version, why: errorText(error) });
        next.tries += 1;
        if (next.tries < MOST_TRIES) {
          again = setTimeout(work, tryAgainMs).unref();
          break;
        }
      }
      waiting.shift();
    }
    isWorking = false;
  }

  return {
    note(text: ConfigText): void {
      waiting.push({ text, at: now(), tries: 0 });
      work();
    },
    /** From now on, and what was noted before. */
    keepIn(opened: ConfigVersionStore): void {
      store = opened;
      work();
    },
    /** Lets a write that runs come to its end; what still waits is noted again at the next start. */
    async stop(): Promise<void> {
      store = null;
      clearTimeout(again);
      await working;
    },
  };
}
