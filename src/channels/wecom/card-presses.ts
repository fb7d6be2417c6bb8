import type { Takeover } from "../../conversation/takeover.ts";
import type { Handoff } from "../../domain/handoffs/handoff.ts";
import { DONE, type JobHandler } from "../../domain/jobs/jobs.ts";
import type { Store } from "../../domain/records.ts";
import type { Say } from "../../domain/replies.ts";
import { WecomRefusal } from "./api.ts";
import { cardPressSchema } from "./callbacks.ts";
import { type HandoffCards, readCardKey } from "./handoff-cards.ts";

/** A person presses a button of a handoff card: the first who claims has the conversation, and may give it back. */
export function createCardPressHandler({
  store,
  takeover,
  cards,
  say,
}: {
  store: Store;
  takeover: Takeover;
  cards: HandoffCards;
  say: () => Say;
}): JobHandler {
  return {
    async run(job) {
      const { userId, key, responseCode } = cardPressSchema.parse(job.payload);
      const card = readCardKey(key);
      const handoff = card === null ? null : await store.handoffs.find(card.handoffId);
      // Whoever was never asked has no card of ours.
      if (card === null || handoff === null || !cards.isAsked(userId)) return DONE;
      const words = card.action === "claim" ? await claim(handoff, userId) : await giveBack(handoff, userId);
      await close(responseCode, words);
      return DONE;
    },
  };

  async function claim(handoff: Handoff, userId: string): Promise<string> {
    if (handoff.status === "returned") return say()("handoff_card_gone");
    const by = handoff.status === "human" ? (handoff.taken_by ?? "") : userId;
    if (handoff.status !== "human") await takeover.takeOver(handoff.conversation_id, userId);
    // Also when this runs again: the card back may not have reached them.
    const conversation = await store.conversations.find(handoff.conversation_id);
    if (by === userId && conversation !== null) await cards.giveWayBack(userId, conversation, handoff.id);
    return say()("handoff_card_claimed", { by });
  }

  async function giveBack(handoff: Handoff, userId: string): Promise<string> {
    const conversation = await store.conversations.find(handoff.conversation_id);
    // Another has taken it since.
    if (conversation?.holder === "human" && conversation.held_by !== userId)
      return say()("handoff_card_claimed", { by: conversation.held_by ?? "" });
    await takeover.release(handoff.conversation_id);
    return say()("handoff_card_returned");
  }

  /** The card is for the eye: what was decided stands, whether or not it can still be changed. */
  async function close(responseCode: string, words: string): Promise<void> {
    try {
      await cards.close(responseCode, words);
    } catch (error) {
      if (!(error instanceof WecomRefusal)) throw error;
    }
  }
}
