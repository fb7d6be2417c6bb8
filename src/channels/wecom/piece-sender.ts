import type { Part } from "../../domain/conversations/message.ts";
import type { SendOutcome } from "../../domain/conversations/sender.ts";
import { outcomeOf, type Piece } from "./pieces.ts";

const MOST_UNDERWAY = 10_000;
const REST_AGAIN_MS = 1_000;
const OFFLINE_AGAIN_MS = 30_000;
const MOST_TRIES = 5;

/** A message that is being sent: the same pieces at every claim, and how far they have been confirmed. */
type Underway = { pieces: Piece[]; next: number; tries: number; isInDoubt: boolean };

/**
 * Sends the pieces of one message one after the other. What is confirmed is not sent again by the next claim; nothing is
 * begun after `writeBefore`. What it knows is this process's: after a restart a message that was begun is in doubt.
 */
export function createPieceSender({
  toPieces,
  now,
}: {
  toPieces: (parts: readonly Part[]) => Promise<Piece[] | SendOutcome>;
  now: () => number;
}) {
  const underway = new Map<string, Underway>();

  return {
    /** Whether this process has begun it and knows how far it came; `isInDoubt`: but for a piece that nobody confirmed. */
    progress: (key: string): { isInDoubt: boolean } | null => underway.get(key) ?? null,

    /** The message's pieces, made once; or what came of the send when they could not be. */
    async open(key: string, parts: readonly Part[]): Promise<SendOutcome | null> {
      if (underway.has(key)) return null;
      const pieces = await toPieces(parts);
      if (!Array.isArray(pieces)) return pieces;
      const [oldest] = underway.keys();
      if (underway.size >= MOST_UNDERWAY && oldest !== undefined) underway.delete(oldest);
      underway.set(key, { pieces, next: 0, tries: 0, isInDoubt: false });
      return null;
    },

    async send(
      key: string,
      {
        writeBefore,
        send,
      }: {
        writeBefore: number;
        /**
         * Sends the piece at that place; a number: not now, but in so many ms. Throws WecomTooLate, WecomRefusal or
         * WecomUnanswered.
         */
        send: (piece: Piece, at: number, known: { isInDoubt: boolean }) => Promise<number | undefined>;
      },
    ): Promise<SendOutcome> {
      const it = underway.get(key);
      // Waiting would not help, and would hold up what comes behind it.
      if (it === undefined || it.pieces.length === 0)
        return { status: "refused", code: "empty_message", retry: false };
      for (const piece of it.pieces.slice(it.next)) {
        if (now() >= writeBefore) return rest(it, { status: "too-late" });
        try {
          const wait = await send(piece, it.next, it);
          if (wait !== undefined) return rest(it, { status: "busy", retryAt: now() + wait });
        } catch (error) {
          const outcome = outcomeOf(error, now());
          it.isInDoubt ||= outcome.status === "unanswered";
          if (outcome.status === "refused" && !outcome.retry) underway.delete(key);
          return rest(it, outcome);
        }
        it.next += 1;
        it.tries = 0;
        it.isInDoubt = false;
      }
      underway.delete(key);
      return { status: "acked" };
    },
  };

  /** When some of it is out the message is not unwritten any more: what is left is the next claim's. */
  function rest(it: Underway, outcome: SendOutcome): SendOutcome {
    if (it.next === 0) return outcome;
    if (outcome.status === "too-late") return { status: "more", retryAt: now() };
    if (outcome.status === "busy") return { status: "more", retryAt: outcome.retryAt };
    if (outcome.status === "not-connected") return { status: "more", retryAt: now() + OFFLINE_AGAIN_MS };
    if (outcome.status === "refused" && outcome.retry && it.tries < MOST_TRIES) {
      it.tries += 1;
      return { status: "more", retryAt: now() + REST_AGAIN_MS * it.tries };
    }
    return outcome;
  }
}
