import type { Conversation } from "../domain/conversations/conversation.ts";
import type { Message } from "../domain/conversations/message.ts";
import type { Records, Store } from "../domain/records.ts";
import type { Case } from "./case-reader.ts";

/** Later tries read the case anew: one that makes turns fail must not be kept for ever. */
const LAST_TRY_TO_REMEMBER = 6;

export type TurnMemory = {
  /**
   * What an earlier run of this turn that may have written something saw. `since` is when (UTC ms); `seen` is null when
   * that is not the case to answer any more: more was said, or somebody else had the chat meanwhile.
   */
  remembered(): Promise<{ since: number; seen: Case | null } | null>;
  /** Keeps what this run saw, once, before it first writes. */
  keep(seen: Case): Promise<void>;
  /** Within the turn's last transaction. */
  forget(tx: Records): Promise<void>;
};

/**
 * A turn whose process ended after a tool has written is run again, on records that its own first run has changed: "放大
 * 2倍" would then be a later demand on the order that it opened itself. So it reads its messages once more in the light of
 * the case that it saw first; what its tools do twice within a turn they do once.
 *
 * @param attempt - the job's, from 1; it begins anew when a message joins a turn that waits for its next try
 */
export function openTurnMemory(
  store: Store,
  turn: { turnId: string; conversation: Conversation; messages: readonly Message[]; attempt: number },
): TurnMemory {
  const { turnId, conversation } = turn;
  const { fence } = conversation;
  const messageIds = turn.messages.map(({ id }) => id);
  let keeping: Promise<void> | null = null;
  let isKept = false;

  return {
    async remembered() {
      if (turn.attempt === 1 && messageIds.length === 1) return null;
      const kept = await store.turns.keptCase(turnId);
      if (kept === null) return null;
      // It is forgotten when this turn ends, also if it is of no use any more.
      isKept = true;
      const seen = kept.content as Case;
      const since = Date.parse(seen.facts.now);
      const isThisTurn = kept.fence === fence && kept.messageIds.join() === messageIds.join();
      if (!isThisTurn || turn.attempt > LAST_TRY_TO_REMEMBER) return { since, seen: null };
      keeping = Promise.resolve();
      return { since, seen };
    },

    async keep(seen) {
      isKept = true;
      keeping ??= store.turns.keepCase({ turnId, fence, messageIds, content: seen });
      try {
        await keeping;
      } catch (error) {
        // The next tool may find the store back.
        keeping = null;
        throw error;
      }
    },

    async forget(tx) {
      if (isKept) await tx.turns.forgetCase(turnId);
    },
  };
}
