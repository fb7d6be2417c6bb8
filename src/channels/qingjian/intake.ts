import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";

/** A platform that has piled up a night's messages sends them at once; this is far above what we store in a second. */
const MOST_FRAMES = 5_000;
/** Pictures come inside frames: a few of the largest, or some hundred of the usual ones. */
const MOST_BYTES = 256 * 1024 * 1024;

export type Intake = ReturnType<typeof createIntake>;

/**
 * Frames that are being stored: those of one conversation in order, those of others beside them, and no more at a time
 * than memory has room for. What is refused was not acknowledged, so the platform has it still.
 */
export function createIntake({
  log,
  mostFrames = MOST_FRAMES,
  mostBytes = MOST_BYTES,
}: {
  log: Log;
  mostFrames?: number;
  mostBytes?: number;
}) {
  const chains = new Map<string, Promise<void>>();
  let frames = 0;
  let bytes = 0;
  let refused = 0;

  function follow(conversation: string, work: () => Promise<void>): Promise<void> {
    const chain = (chains.get(conversation) ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => log.error("bridge.frame_failed", { error: errorText(error) }))
      .then(() => {
        if (chains.get(conversation) === chain) chains.delete(conversation);
      });
    chains.set(conversation, chain);
    return chain;
  }

  return {
    /** False, and nothing is done, while too much waits already. One frame is always taken. */
    take(conversation: string, size: number, work: () => Promise<void>): boolean {
      if (frames >= mostFrames || (frames > 0 && bytes + size > mostBytes)) {
        if (refused === 0) log.warn("bridge.intake_full", { frames, bytes });
        refused += 1;
        return false;
      }
      frames += 1;
      bytes += size;
      void follow(conversation, work).then(() => {
        frames -= 1;
        bytes -= size;
      });
      return true;
    },

    /** For what is small and does not come again. */
    follow(conversation: string, work: () => Promise<void>): void {
      void follow(conversation, work);
    },

    /** What waits to be stored, and what was refused since the start. */
    counts: () => ({ frames, bytes, refused }),
  };
}
