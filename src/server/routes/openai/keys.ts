import { createHash, timingSafeEqual } from "node:crypto";

const MINUTE_MS = 60_000;

export type ServerKey = { name: string; key: string; perMinute: number | null };

/** OPENAI_API_SERVER_KEYS: NAME:KEY or NAME:KEY:REQUESTS_PER_MINUTE, separated by commas (checked in env.ts). */
export function readServerKeys(text: string | undefined): ServerKey[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
    .map((item) => {
      const [name = "", key = "", perMinute] = item.split(":");
      return { name, key, perMinute: perMinute === undefined ? null : Number(perMinute) };
    });
}

/** Compared in equal time whatever is given. */
export function findServerKey(keys: readonly ServerKey[], given: string): ServerKey | null {
  const digest = digestOf(given);
  let found: ServerKey | null = null;
  for (const key of keys) if (timingSafeEqual(digest, digestOf(key.key))) found = key;
  return found;
}

/** Counts each key's requests of the running minute, in this process. Returns the seconds to wait, or null. */
export function createKeyLimits(now: () => number) {
  const counted = new Map<string, { since: number; count: number }>();
  return function takeOne({ name, perMinute }: ServerKey): number | null {
    if (perMinute === null) return null;
    const at = now();
    const window = counted.get(name);
    if (window === undefined || at - window.since >= MINUTE_MS) {
      counted.set(name, { since: at, count: 1 });
      return null;
    }
    if (window.count >= perMinute) return Math.max(1, Math.ceil((window.since + MINUTE_MS - at) / 1_000));
    window.count += 1;
    return null;
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
