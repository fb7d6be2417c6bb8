import { Logger } from "graphile-worker";
import type { Log } from "../../domain/log.ts";

/** graphile-worker's words in our log: what went wrong only, and never a payload. */
export function workerLog(log: Log, fields: Record<string, unknown> = {}): Logger {
  return new Logger(() => (level, message) => {
    if (level === "error" || level === "warning") log.warn("jobs.worker", { ...fields, message });
  });
}
