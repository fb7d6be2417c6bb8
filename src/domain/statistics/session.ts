/** More than this since a customer's previous message and a new session begins (spec helpdesk §4). */
export const SESSION_GAP_MS = 15 * 60_000;

/** What one customer wrote on one channel without a longer pause; UTC ms. */
export type Session = { startedAt: number; lastAt: number; messages: number };

/**
 * The sessions of one customer on one channel, oldest first.
 *
 * @param times - of all their messages, in any order
 */
export function sessionsOf(times: readonly number[]): Session[] {
  const sessions: Session[] = [];
  for (const at of [...times].sort((one, other) => one - other)) {
    const last = sessions.at(-1);
    if (last !== undefined && at - last.lastAt <= SESSION_GAP_MS) {
      last.lastAt = at;
      last.messages += 1;
    } else sessions.push({ startedAt: at, lastAt: at, messages: 1 });
  }
  return sessions;
}

/** The session that a message belongs to; null when it is none of them. */
export function sessionAt(sessions: readonly Session[], at: number): Session | null {
  return sessions.find(({ startedAt, lastAt }) => at >= startedAt && at <= lastAt) ?? null;
}

/** Closed, 15 minutes after its last message have passed, and only then it counts in rates. */
export function isClosed({ lastAt }: Session, now: number): boolean {
  return now - lastAt > SESSION_GAP_MS;
}
