import { compilePattern } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import { parseNumber } from "./numbers.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import { createTextPattern } from "./text-pattern.ts";
import type { Deadline, Slots } from "./understanding.ts";

type Urgency = Pick<Slots, "urgent" | "urgency_answered" | "deadline">;

const MINUTES_PER_HOUR = 60;
const NOON = 12;
const END_OF_DAY = 24;

/**
 * Reads how much of a hurry the buyer is in, and by when they want it. Our own question whether it is urgent is answered
 * by words that mean nothing of the kind elsewhere: 是的, 不用.
 */
export function createUrgencyReader(
  lexicon: PlaybookLexicon,
): (text: NormalText, flags: ReadonlySet<string>, urgentWithinHours: number) => Urgency {
  const { urgency } = lexicon;
  const within = compilePattern(urgency.within, lexicon.words);
  const yes = createTextPattern(urgency.yes, lexicon);
  const no = createTextPattern(urgency.no, lexicon);
  const ask = createTextPattern(urgency.ask, lexicon);
  const readDayAndHour = createDayAndHourReader(lexicon);

  return (text, flags, urgentWithinHours) => {
    const time = within.exec(text.squeezed);
    const minutes = minutesOf(time, lexicon.numbers);
    // 1小时内要，…… 不急了: the last word counts.
    const isTakenBack = (no.find(text)?.index ?? -1) > (time?.index ?? 0);
    if (minutes !== null && !isTakenBack)
      return {
        urgent: minutes <= urgentWithinHours * MINUTES_PER_HOUR ? "yes" : "no",
        deadline: { minutes },
      };
    const named = readDayAndHour(text);
    return { ...levelOf(text, flags), ...(named === null ? {} : { deadline: named }) };
  };

  function levelOf(
    text: NormalText,
    flags: ReadonlySet<string>,
  ): Pick<Urgency, "urgent" | "urgency_answered"> {
    const isAsked = flags.has("bot_ask_urgent");
    if (isAsked && flags.has("answer_not_urgent")) return { urgent: "no", urgency_answered: true };
    if (isAsked && flags.has("answer_urgent")) return { urgent: "yes", urgency_answered: true };
    if (no.matches(text)) return { urgent: "no" };
    if (yes.matches(text)) return { urgent: "yes" };
    return { urgent: ask.matches(text) ? "ask" : "no" };
  }
}

function minutesOf(time: RegExpExecArray | null, digits: Record<string, number>): number | null {
  const { minutes, hours, half } = time?.groups ?? {};
  const amount = parseNumber(minutes ?? hours ?? "", digits);
  if (amount === null) return null;
  return minutes ? amount : (amount + (half ? 0.5 : 0)) * MINUTES_PER_HOUR;
}

/** 今晚8点前, 明天中午之前, 下班前: a day, an hour, or both. */
function createDayAndHourReader(lexicon: PlaybookLexicon): (text: NormalText) => Deadline | null {
  const { urgency } = lexicon;
  const deadline = createTextPattern(urgency.deadline, lexicon);
  const clock = compilePattern(urgency.clock, lexicon.words);
  const afternoon = compilePattern(urgency.afternoon, lexicon.words);
  const compile = (source: string) => compilePattern(source, lexicon.words);
  const days = urgency.days.map(({ match, day }) => ({ match: compile(match), day }));
  const parts = urgency.parts.map(({ match, hour }) => ({ match: compile(match), hour }));

  return (text) => {
    const words = deadline.find(text)?.[0];
    if (words === undefined) return null;
    const day = days.find(({ match }) => match.test(words))?.day ?? null;
    const named = clock.exec(words)?.groups;
    const hour = parseNumber(named?.hour ?? "", lexicon.numbers);
    if (hour !== null && hour <= END_OF_DAY) {
      const isAfternoon = hour < NOON && afternoon.test(words);
      return { day, hour: hour + (isAfternoon ? NOON : 0) + (named?.half ? 0.5 : 0) };
    }
    if (day === null) return null;
    return { day, hour: parts.find(({ match }) => match.test(words))?.hour ?? END_OF_DAY };
  };
}
