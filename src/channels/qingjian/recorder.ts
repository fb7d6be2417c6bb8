import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";

const MOST_KEPT = 100;
const LONGEST_TEXT = 500;

export type UnmatchedFrame = { at: string; why: string; frame: unknown };

export type FrameRecorder = {
  record(direction: "in" | "out", frame: unknown): void;
  unmatched(why: string, frame: unknown): void;
  /** The newest frames that no rule understood, redacted. */
  listUnmatched(): UnmatchedFrame[];
  counts(): { bad: number; unmatched: number };
  flush(): Promise<void>;
};

/**
 * Keeps raw frames for those who write a profile: the newest unmatched ones in memory, and everything in a file
 * when one is configured. Phones, tokens and picture bytes are cut before anything is kept.
 *
 * @param file - JSON lines file, or null for none
 */
export function createFrameRecorder({ file, log }: { file: string | null; log: Log }): FrameRecorder {
  const kept: UnmatchedFrame[] = [];
  const counts = { bad: 0, unmatched: 0 };
  let writing: Promise<void> = Promise.resolve();

  function append(line: unknown): void {
    if (file === null) return;
    writing = writing
      .then(async () => {
        await mkdir(dirname(file), { recursive: true });
        await appendFile(file, `${JSON.stringify(line)}\n`);
      })
      .catch((error: unknown) => log.error("recorder.failed", { error: errorText(error) }));
  }

  return {
    record(direction, frame) {
      if (file !== null) append({ at: new Date().toISOString(), direction, frame: redactFrame(frame) });
    },
    unmatched(why, frame) {
      if (why === "unmatched") counts.unmatched += 1;
      else counts.bad += 1;
      const entry = { at: new Date().toISOString(), why, frame: redactFrame(frame) };
      kept.push(entry);
      if (kept.length > MOST_KEPT) kept.shift();
      append(entry);
    },
    listUnmatched: () => [...kept].reverse(),
    counts: () => ({ ...counts }),
    flush: () => writing,
  };
}

/** Cuts what must not be kept: mobile and ID numbers, tokens, picture bytes, very long texts. */
export function redactFrame(value: unknown, key = ""): unknown {
  if (typeof value === "string") {
    if (/token|secret|password|cookie|authorization|api_?key/iu.test(key)) return "[redacted]";
    if (value.startsWith("data:")) return `${value.slice(0, value.indexOf(",") + 1)}[${value.length} chars]`;
    const masked = value
      .replace(/(?<!\d)1[3-9]\d{9}(?!\d)/gu, (phone) => `${phone.slice(0, 3)}****${phone.slice(7)}`)
      .replace(/(?<!\d)\d{17}[\dXx](?!\d)/gu, (id) => `${id.slice(0, 6)}********${id.slice(14)}`);
    return masked.length > LONGEST_TEXT ? `${masked.slice(0, LONGEST_TEXT)}…` : masked;
  }
  if (Array.isArray(value)) return value.map((item) => redactFrame(item, key));
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactFrame(item, name)]));
  return value;
}
