import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isClosed, SESSION_GAP_MS, sessionAt, sessionsOf } from "./session.ts";

const times = fc.array(fc.integer({ min: 0, max: 20 * SESSION_GAP_MS }), { maxLength: 30 });

describe("sessions", () => {
  it("begin anew after strictly more than 15 minutes", () => {
    expect(sessionsOf([0, SESSION_GAP_MS, 2 * SESSION_GAP_MS + 1])).toEqual([
      { startedAt: 0, lastAt: SESSION_GAP_MS, messages: 2 },
      { startedAt: 2 * SESSION_GAP_MS + 1, lastAt: 2 * SESSION_GAP_MS + 1, messages: 1 },
    ]);
  });

  it("hold every message once, lie apart, and have no longer pause within", () => {
    fc.assert(
      fc.property(times, (given) => {
        const sessions = sessionsOf(given);
        expect(sessions.reduce((sum, { messages }) => sum + messages, 0)).toBe(given.length);
        for (const at of given) expect(sessionAt(sessions, at)).not.toBeNull();
        for (const [n, session] of sessions.entries()) {
          const within = given.filter((at) => sessionAt(sessions, at) === session).sort((a, b) => a - b);
          expect(within.length).toBe(session.messages);
          for (const [i, at] of within.entries())
            expect(at - (within[i - 1] ?? at)).toBeLessThanOrEqual(SESSION_GAP_MS);
          const before = sessions[n - 1];
          if (before !== undefined) expect(session.startedAt - before.lastAt).toBeGreaterThan(SESSION_GAP_MS);
        }
      }),
    );
  });

  it("are the same whatever the order of arrival, and a later message changes only the last one", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 3 * SESSION_GAP_MS }), (given, more) => {
        const sessions = sessionsOf(given);
        expect(sessionsOf([...given].reverse())).toEqual(sessions);
        const later = Math.max(0, ...given) + more;
        expect(sessionsOf([...given, later]).slice(0, Math.max(0, sessions.length - 1))).toEqual(
          sessions.slice(0, -1),
        );
      }),
    );
  });

  it("are closed 15 minutes after their last message", () => {
    const session = { startedAt: 0, lastAt: 1_000, messages: 2 };

    expect(isClosed(session, 1_000 + SESSION_GAP_MS)).toBe(false);
    expect(isClosed(session, 1_001 + SESSION_GAP_MS)).toBe(true);
  });
});
