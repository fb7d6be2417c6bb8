import { z } from "zod";
import type { Ambient } from "../../domain/clock.ts";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import { againAt, DONE, type JobHandler } from "../../domain/jobs/jobs.ts";
import type { Records, Store } from "../../domain/records.ts";
import { queueNoReply } from "../../domain/tasks/receive-task.ts";
import { fireTask } from "./fire-task.ts";

const payloadSchema = z.object({ taskId: z.string(), conversationId: z.string() });

/** We just said something: the silence of this customer is counted from now. */
export async function planNoReply(tx: Records, conversation: Conversation, at: number): Promise<void> {
  await tx.conversations.noteOutbound(conversation.id, at);
  const tasks = await tx.tasks.pendingFor("no_reply", {
    id: conversation.customer_id,
    platform: conversation.platform,
    shopId: conversation.shop_id,
  });
  for (const task of tasks)
    if (task.request.trigger.type === "no_reply")
      await queueNoReply(tx, task, conversation.id, at + task.request.trigger.after_seconds * 1000);
}

/** Fires a no_reply task if the customer really has not written since our last message. */
export function createNoReplyHandler({ store, ambient }: { store: Store; ambient: Ambient }): JobHandler {
  return {
    async run(job) {
      const { taskId, conversationId } = payloadSchema.parse(job.payload);
      return await store.transaction(async (tx) => {
        const task = await tx.tasks.find(taskId);
        const conversation = await tx.conversations.find(conversationId);
        if (task?.request.trigger.type !== "no_reply" || conversation?.last_outbound_at == null) return DONE;
        if (
          conversation.last_inbound_at !== null &&
          conversation.last_inbound_at > conversation.last_outbound_at
        )
          return DONE;
        const due = conversation.last_outbound_at + task.request.trigger.after_seconds * 1000;
        if (ambient.now() < due) return againAt(due);
        await fireTask(
          tx,
          task,
          {
            slot: `silence:${conversationId}:${conversation.last_outbound_at}`,
            cause: "no_reply",
            customerId: conversation.customer_id,
            conversation,
          },
          ambient,
        );
        return DONE;
      });
    },
  };
}
