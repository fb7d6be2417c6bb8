const DAY_MS = 24 * 60 * 60 * 1000;

/** An instant as a buyer would say it: 今天 14:00, 明天 9:00, 11月23日 9:00. */
export function clockWords(at: number, now: number, timezone: string): string {
  const dayOf = (instant: number) =>
    new Intl.DateTimeFormat("zh-CN", { timeZone: timezone, month: "long", day: "numeric" }).format(instant);
  const clock = new Intl.DateTimeFormat("zh-CN", {
    timeZone: timezone,
    hour: "numeric",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(at);
  if (dayOf(at) === dayOf(now)) return `今天 ${clock}`;
  if (dayOf(at) === dayOf(now + DAY_MS)) return `明天 ${clock}`;
  return `${dayOf(at)} ${clock}`;
}
