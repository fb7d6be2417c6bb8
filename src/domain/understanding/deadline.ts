import { parseNumber } from "./numbers.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const DIGITS: Record<string, number> = {
  ...Object.fromEntries([..."零一二三四五六七八九"].map((char, value) => [char, value])),
  两: 2,
  半: 0.5,
};
const NUMBER = "(\\d+(?:\\.\\d+)?|[零一二两三四五六七八九十半]+)";
const WITHIN_MINUTES = new RegExp(`${NUMBER}分钟?`, "u");
const WITHIN_HOURS = new RegExp(`${NUMBER}个?(半)?(?:小时|钟头?)`, "u");
const CLOCK = new RegExp(`${NUMBER}[点号](半)?`, "u");
const DAYS: readonly [RegExp, number][] = [
  [/后天/u, 2],
  [/明天|明早|明晚|明儿/u, 1],
  [/今天|今晚|今早|今儿|上午|中午|下午|晚上|下班/u, 0],
];
/** When a part of the day is over, by the clock. */
const PARTS: readonly [RegExp, number][] = [
  [/早/u, 10],
  [/上午|中午/u, 12],
  [/下午|下班/u, 18],
  [/晚/u, 22],
];
const END_OF_DAY = 24;

/**
 * When a buyer wants it at the latest, as far as their words say it: 2小时内, 今晚8点前, 明天上午.
 *
 * @param now - UTC ms
 * @returns UTC ms, or null when the words name no time that we understand
 */
export function deadlineOf(words: string, now: number, timezone: string): number | null {
  const minutes = read(WITHIN_MINUTES.exec(words)?.[1]);
  if (minutes !== null) return now + minutes * 60_000;
  const hours = WITHIN_HOURS.exec(words);
  const amount = read(hours?.[1]);
  if (amount !== null) return now + (amount + (hours?.[2] === undefined ? 0 : 0.5)) * HOUR_MS;

  const day = DAYS.find(([pattern]) => pattern.test(words))?.[1];
  const clock = CLOCK.exec(words);
  const named = read(clock?.[1]);
  if (day === undefined && named === null) return null;
  const midnight = startOfDay(now, timezone) + (day ?? 0) * DAY_MS;
  if (named !== null && named <= END_OF_DAY) {
    const isAfternoon = /下午|晚/u.test(words) && named < 12;
    const at = midnight + (named + (isAfternoon ? 12 : 0) + (clock?.[2] === undefined ? 0 : 0.5)) * HOUR_MS;
    // "8点前", said in the afternoon, is this evening.
    return at <= now && day === undefined && named < 12 ? at + 12 * HOUR_MS : at;
  }
  return midnight + (PARTS.find(([pattern]) => pattern.test(words))?.[1] ?? END_OF_DAY) * HOUR_MS;
}

function read(written: string | undefined): number | null {
  return written === undefined ? null : parseNumber(written, DIGITS);
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
