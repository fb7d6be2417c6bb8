import { Cron } from "croner";
import { errorText } from "../../domain/errors.ts";
import type { CronClock } from "../../domain/tasks/ports.ts";

const MOST_COUNTED = 10_000;

export function createCronClock(): CronClock {
  return {
    problem(expression, timezone) {
      const fields = expression.trim().split(/\s+/u).length;
      if (fields !== 5 && fields !== 6) return "must have 5 or 6 fields";
      try {
        const cron = new Cron(expression, { timezone, paused: true });
        return cron.nextRun() === null ? "never fires" : null;
      } catch (error) {
        return `is not a cron expression or time zone: ${errorText(error).slice(0, 120)}`;
      }
    },

    next(expression, timezone, after) {
      const slot = new Cron(expression, { timezone, paused: true }).nextRun(new Date(after));
      return slot === null ? null : slot.getTime();
    },

    count(expression, timezone, after, until) {
      const cron = new Cron(expression, { timezone, paused: true });
      let slots = 0;
      let slot = cron.nextRun(new Date(after));
      while (slot !== null && slot.getTime() <= until && slots < MOST_COUNTED) {
        slots += 1;
        slot = cron.nextRun(slot);
      }
      return slots;
    },
  };
}
