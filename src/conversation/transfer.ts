import { z } from "zod";
import type { MessageSender } from "../domain/conversations/sender.ts";
import { DONE, type JobHandler } from "../domain/jobs/jobs.ts";
import type { Store } from "../domain/records.ts";
import type { Takeover } from "./takeover.ts";

const payloadSchema = z.object({ handoffId: z.string() });

/** Asks the platform to pass a queued handoff to one of its people; who gets it, has the conversation. */
export function createTransferHandler({
  store,
  senders,
  takeover,
}: {
  store: Store;
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
      const isTaken = await sender.transfer(conversation, {
        reason: handoff.reason,
        group: handoff.group_name,
      });
      // Not taken there: it stays in our own queue, where a person sees it.
      if (isTaken) await takeover.takeOver(conversation.id, "platform");
      return DONE;
    },
  };
}
