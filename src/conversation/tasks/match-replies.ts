import type { Ambient } from "../../domain/clock.ts";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import { type Message, plainText } from "../../domain/conversations/message.ts";
import type { Records } from "../../domain/records.ts";
import { foldText, matchReply, type SafeRegex } from "../../domain/tasks/matching.ts";
import type { Task } from "../../domain/tasks/task.ts";
import { fireTask } from "./fire-task.ts";

/**
 * Fires the customer_reply tasks that a merged turn satisfies, in priority then creation order. Safe to repeat: a
 * task consumes at most one message, and the slot is that message.
 *
 * @returns the tasks that fired on these messages, also those of an earlier try of the same turn
 */
export async function fireReplyTasks(
  tx: Records,
  conversation: Conversation,
  messages: readonly Message[],
  { regex, ambient }: { regex: SafeRegex; ambient: Ambient },
): Promise<Task[]> {
  const pending = await pendingReplyTasks(tx, conversation);
  const texts = messages.map((message) => foldText(plainText(message.parts)));
  for (const task of pending) {
    const { trigger } = task.request;
    if (trigger.type !== "customer_reply") continue;
    const message = messages[matchReply(trigger, texts, regex)];
    if (message === undefined) continue;
    await fireTask(
      tx,
      task,
      {
        slot: `message:${message.id}`,
        cause: "customer_reply",
        customerId: conversation.customer_id,
        conversation,
      },
      ambient,
    );
  }
  return await firedTasks(tx, conversation, messages);
}

/** Whether any task looks at what this customer says: most turns have none, and need no transaction for them. */
export async function hasReplyTasks(records: Records, conversation: Conversation): Promise<boolean> {
  return (await pendingReplyTasks(records, conversation)).length > 0;
}

async function pendingReplyTasks(records: Records, conversation: Conversation): Promise<Task[]> {
  return await records.tasks.pendingFor("customer_reply", {
    id: conversation.customer_id,
    platform: conversation.platform,
    shopId: conversation.shop_id,
  });
}

async function firedTasks(
  tx: Records,
  conversation: Conversation,
  messages: readonly Message[],
): Promise<Task[]> {
  const slots = [
    ...messages.map((message) => `message:${message.id}`),
    `customer:${conversation.customer_id}`,
  ];
  const since = messages[0]?.at ?? 0;
  const firings = await tx.tasks.firingsOfSlots(slots);
  const tasks: Task[] = [];
  for (const firing of firings) {
    if (firing.slot.startsWith("customer:") && firing.created_at < since) continue;
    const task = await tx.tasks.find(firing.task_id);
    if (task !== null) tasks.push(task);
  }
  return tasks;
}
