/** Structured log: the event's name first, then fields. Never message text, tokens or personal data. */
export type Log = {
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
};

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
