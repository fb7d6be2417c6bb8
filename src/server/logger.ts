import { type DestinationStream, pino } from "pino";
import type { Log } from "../domain/log.ts";

/** Structured logs as JSON lines on standard error; standard output stays for what a person reads. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    debug: (event, fields = {}) => logger.debug({ event, ...fields }),
    info: (event, fields = {}) => logger.info({ event, ...fields }),
    warn: (event, fields = {}) => logger.warn({ event, ...fields }),
    error: (event, fields = {}) => logger.error({ event, ...fields }),
  };
}
