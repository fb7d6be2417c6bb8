import { z } from "zod";
import type { Ambient } from "../domain/clock.ts";
import type { MessageSender } from "../domain/conversations/sender.ts";
import { againAt, DONE, type JobHandler } from "../domain/jobs/jobs.ts";
import type { Store } from "../domain/records.ts";
import type { Takeover } from "./takeover.ts";

/** The bot's last words, that a person comes, must be out before the chat is somebody else's; but not for ever. */
const LAST_WORDS_WITHIN_MS = 10_000;
const LAST_WORDS_AGAIN_MS = 100;
/** The process that has the channel comes to it by then, or we have it. */
const ELSEWHERE_AGAIN_MS = 1_000;

const payloadSchema = z.object({ handoffId: z.string() });

/** Asks the platform to pass a queued handoff to one of its people; who gets it, has the conversation. */
export function createTransferHandler({
  store,
  senders,
  takeover,
  ambient,
}: {
  store: Store;
  ambient: Ambient;
  senders: ReadonlyMap<string, MessageSender>;
  takeover: Takeover;
}): JobHandler {
  return {
    async run(job) {
      const handoff = await store.handoffs.find(payloadSchema.parse(job.payload).handoffId);
      if (handoff === null || handoff.status !== "queued") return DONE;
      const conversation = await store.conversations.find(handoff.conversation_id);
      const sender = conversation === null ? undefined : senders.get(conversation.channel);
      if (conversation === null || sender === undefined || conversation.holder === "human") return DONE;
      const now = ambient.now();
      if (sender.lease?.() === null) return againAt(now + ELSEWHERE_AGAIN_MS);
      if (now < handoff.created_at + LAST_WORDS_WITHIN_MS && (await isSpeaking(conversation.id)))
        return againAt(now + LAST_WORDS_AGAIN_MS);
      const isTaken = await sender.transfer(conversation, handoff);
      // Not taken there: it stays in our own queue, where a person sees it.
      if (isTaken) await takeover.takeOver(conversation.id, "platform");
      return DONE;
    },
  };

  /** A turn is on its way, or has words that are not out yet. */
  async function isSpeaking(conversationId: string): Promise<boolean> {
    return (
      (await store.messages.pending(conversationId)).length > 0 ||
      (await store.messages.unsent(conversationId)).length > 0
    );
  }
}
