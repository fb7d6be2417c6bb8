import { type DestinationStream, pino } from "pino";
import type { Log } from "../domain/log.ts";
import { redact } from "../domain/redaction/redact.ts";
import { logContext } from "./observe/log-context.ts";

/**
 * Structured logs as JSON lines on standard error; standard output stays for what a person reads. A line names the job,
 * conversation and turn that it belongs to; what faults carry of people and keys is taken out.
 */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin: logContext },
    destination,
  );
  const line = (event: string, fields: Record<string, unknown>) => ({ event, ...(redact(fields) as object) });
  return {
    debug: (event, fields = {}) => logger.debug(line(event, fields)),
    info: (event, fields = {}) => logger.info(line(event, fields)),
    warn: (event, fields = {}) => logger.warn(line(event, fields)),
    error: (event, fields = {}) => logger.error(line(event, fields)),
  };
}
