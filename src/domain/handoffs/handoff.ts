import { z } from "zod";

export const handoffReasonSchema = z.enum([
  "customer_asked",
  "designer_dispatch",
  "processing_failed",
  "high_value",
  "risk_review",
  "out_of_scope",
  "not_understood",
  "complaint",
  "model_unavailable",
  "tool_failure",
]);
export type HandoffReason = z.infer<typeof handoffReasonSchema>;

/** requested: nobody is at work yet. queued: waits for a person. human: a person has it. returned: over. */
export type HandoffStatus = "requested" | "queued" | "human" | "returned";

export type HandoffCard = {
  summary: string;
  order_id?: string | undefined;
  demands: string[];
  pictures: string[];
  total_fen?: number | undefined;
  risk?: string | undefined;
  last_messages: string[];
};

export type Handoff = {
  id: string;
  conversation_id: string;
  customer_id: string;
  reason: HandoffReason;
  status: HandoffStatus;
  group_name: string | null;
  image_task_id: string | null;
  card: HandoffCard;
  taken_by: string | null;
  created_at: number;
  ended_at: number | null;
};

export type HandoffStore = {
  /** Opens a handoff unless one with this reason and order is open in the conversation; returns the open one. */
  open(handoff: Omit<Handoff, "taken_by" | "ended_at">): Promise<{ handoff: Handoff; isNew: boolean }>;
  find(id: string): Promise<Handoff | null>;
  openOf(conversationId: string): Promise<Handoff[]>;
  list(filter: { status?: HandoffStatus | undefined; limit: number }): Promise<Handoff[]>;
  setStatus(
    id: string,
    change: { status: HandoffStatus; takenBy?: string | null; endedAt?: number | null },
  ): Promise<void>;
};

/** Opening hours of the people, from config/replies.yaml; without a time zone of their own in the shop's (TZ_BUSINESS). */
export const openingHoursSchema = z.object({
  timezone: z.string().optional(),
  weekly: z
    .record(
      z.enum(["1", "2", "3", "4", "5", "6", "7"]),
      z.array(z.tuple([z.string().regex(/^\d\d:\d\d$/), z.string().regex(/^\d\d:\d\d$/)])),
    )
    .describe("1 is Monday; each day may have several spans"),
  holidays: z.array(z.iso.date()).default([]),
  extra_days: z.array(z.iso.date()).default([]).describe("days worked although they are weekend or holiday"),
});
export type OpeningHours = z.infer<typeof openingHoursSchema> & { timezone: string };

const MINUTE_MS = 60_000;
const LOOK_AHEAD_DAYS = 30;

/**
 * Whether people are at work, and if not, when they will be.
 *
 * @param now - UTC ms
 * @returns opensAt null when open now, or when no opening lies in the next 30 days
 */
export function openingAt(hours: OpeningHours, now: number): { isOpen: boolean; opensAt: number | null } {
  const local = localClock(hours.timezone, now);
  for (const [from, to] of spansOf(hours, local.date)) {
    if (local.minute >= from && local.minute < to) return { isOpen: true, opensAt: null };
  }
  const dayStart = now - (now % MINUTE_MS) - local.minute * MINUTE_MS;
  for (let day = 0; day <= LOOK_AHEAD_DAYS; day += 1) {
    const date = localClock(hours.timezone, dayStart + day * 24 * 60 * MINUTE_MS + 12 * 60 * MINUTE_MS).date;
    for (const [from] of spansOf(hours, date)) {
      const opensAt = dayStart + (day * 24 * 60 + from) * MINUTE_MS;
      if (opensAt > now) return { isOpen: false, opensAt };
    }
  }
  return { isOpen: false, opensAt: null };
}

function spansOf(hours: OpeningHours, date: string): [number, number][] {
  if (hours.holidays.includes(date) && !hours.extra_days.includes(date)) return [];
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const ofDay = hours.weekly[String(weekday + 1) as keyof OpeningHours["weekly"]] ?? [];
  const spans = ofDay.length === 0 && hours.extra_days.includes(date) ? (hours.weekly["1"] ?? []) : ofDay;
  return spans.map(([from, to]) => [minuteOf(from), minuteOf(to)]);
}

function minuteOf(clock: string): number {
  const [hour = "0", minute = "0"] = clock.split(":");
  return Number(hour) * 60 + Number(minute);
}

function localClock(timezone: string, at: number): { date: string; minute: number } {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(at);
  const get = (type: string) => parts.find((part) => part.type === type)?.value ?? "0";
  return {
    date: `${get("year")}-${get("month")}-${get("day")}`,
    minute: Number(get("hour")) * 60 + Number(get("minute")),
  };
}
