import type { Deadline } from "./understanding.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const NOON = 12;

/**
 * When a buyer wants it at the latest.
 *
 * @param now - UTC ms
 * @returns UTC ms
 */
export function deadlineAt(deadline: Deadline, now: number, timezone: string): number {
  if ("minutes" in deadline) return now + deadline.minutes * 60_000;
  const { day, hour } = deadline;
  const at = startOfDay(now, timezone) + (day ?? 0) * DAY_MS + hour * HOUR_MS;
  // "8点前", said in the afternoon, is this evening.
  return at <= now && day === null && hour < NOON ? at + NOON * HOUR_MS : at;
}

function startOfDay(now: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(now);
  const part = (type: string) => Number(parts.find((it) => it.type === type)?.value ?? 0);
  return now - ((part("hour") * 60 + part("minute")) * 60 + part("second")) * 1000 - (now % 1000);
}
