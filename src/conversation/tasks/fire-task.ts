import type { Ambient } from "../../domain/clock.ts";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import type { Message, Part } from "../../domain/conversations/message.ts";
import { queueDelivery } from "../../domain/conversations/notify-buyer.ts";
import { requestHandoff } from "../../domain/handoffs/request-handoff.ts";
import type { Records } from "../../domain/records.ts";
import { expireKey, timeKey } from "../../domain/tasks/receive-task.ts";
import {
  type Action,
  type Firing,
  isEnded,
  isRecurring,
  speaks,
  type Task,
} from "../../domain/tasks/task.ts";
import { queueCallback } from "./callbacks.ts";

export type Occasion = {
  /** What fired it: a message id, a time slot, a row of an order's history. Fires once per slot. */
  slot: string;
  cause: string;
  customerId: string;
  conversation: Conversation | null;
  /** What the history should say besides, such as how many slots were skipped. */
  detail?: string;
  /** A cron's next slot. */
  nextAt?: number | null;
};

/**
 * Fires a task for one slot, in the caller's transaction: the claim, the task's move and the effects that live in
 * our store commit together. Null when it may not fire: that slot has fired, or a cancel came first.
 */
export async function fireTask(
  tx: Records,
  task: Task,
  occasion: Occasion,
  ambient: Ambient,
): Promise<Firing | null> {
  const at = ambient.now();
  const { request } = task;
  const slot = request.customer.per_customer === true ? `customer:${occasion.customerId}` : occasion.slot;
  const firing = await tx.tasks.claimFiring({
    id: ambient.newId("f"),
    taskId: task.task_id,
    slot,
    conversationId: occasion.conversation?.id ?? null,
    customerId: occasion.customerId,
    at,
  });
  if (firing === null) return null;
  const moved = await tx.tasks.move(task.task_id, {
    from: "pending",
    // One customer's firing must not hide the task from another's message.
    to: request.customer.per_customer === true ? "pending" : "firing",
    cause: occasion.cause,
    detail: occasion.detail,
    at,
    fired: true,
    attempted: true,
    ...(occasion.nextAt === undefined ? {} : { nextAt: occasion.nextAt }),
  });
  if (!moved) {
    await tx.tasks.updateFiring(firing.id, { status: "failed", error: "task-not-pending" });
    return null;
  }
  await act(tx, task, firing, occasion.conversation, ambient);
  return firing;
}

/** Ends a firing and with it the task, or puts a recurring task back to pending. Safe to repeat. */
export async function settleFiring(
  tx: Records,
  firingId: string,
  outcome: { status: "completed"; result?: Record<string, unknown> } | { status: "failed"; error: string },
  ambient: Ambient,
): Promise<void> {
  const firing = await tx.tasks.findFiring(firingId);
  if (firing === null || firing.status === "completed" || firing.status === "failed") return;
  const task = await tx.tasks.find(firing.task_id);
  if (task === null) return;
  const at = ambient.now();
  const error = outcome.status === "failed" ? outcome.error : null;
  await tx.tasks.updateFiring(firing.id, { status: outcome.status, error });

  if (isRecurring(task.request)) {
    if (task.status === "pending" && error !== null)
      await tx.tasks.note(task.task_id, { status: "pending", cause: "firing-failed", detail: error, at });
    await tx.tasks.move(task.task_id, {
      from: "firing",
      to: "pending",
      cause: outcome.status === "failed" ? "firing-failed" : "fired",
      detail: error ?? undefined,
      at,
      error,
    });
    return;
  }
  const moved = await tx.tasks.move(task.task_id, {
    from: "firing",
    to: outcome.status,
    cause: outcome.status === "failed" ? "action-failed" : "action-done",
    detail: error ?? undefined,
    at,
    error,
  });
  if (!moved) return;
  await tx.jobs.cancel(timeKey(task.task_id));
  await tx.jobs.cancel(expireKey(task.task_id));
  await queueCallback(tx, task, outcome, ambient);
}

/** A message that a firing sent has its outcome: so has the firing. */
export async function settleFiringOfMessage(
  tx: Records,
  message: Message,
  outcome: { status: "sent" | "uncertain" | "failed" | "cancelled" | "deferred"; error?: string },
  ambient: Ambient,
): Promise<void> {
  if (message.firing_id === null) return;
  if (outcome.status === "sent")
    await settleFiring(
      tx,
      message.firing_id,
      { status: "completed", result: { message_id: message.id } },
      ambient,
    );
  else if (outcome.status === "cancelled" || outcome.status === "deferred")
    // A person took over before it went out: it waits until the conversation is the bot's again.
    await tx.tasks.updateFiring(message.firing_id, { status: "waiting" });
  else
    await settleFiring(
      tx,
      message.firing_id,
      {
        status: "failed",
        error: outcome.status === "uncertain" ? "delivery_uncertain" : (outcome.error ?? "send_failed"),
      },
      ambient,
    );
}

/** The conversation came back to the bot: what waited for it acts now. */
export async function fireWaiting(tx: Records, conversationId: string, ambient: Ambient): Promise<void> {
  for (const firing of await tx.tasks.waitingFirings(conversationId)) {
    const task = await tx.tasks.find(firing.task_id);
    if (task === null || isEnded(task.status)) {
      await tx.tasks.updateFiring(firing.id, { status: "failed", error: "task-ended" });
      continue;
    }
    await tx.tasks.updateFiring(firing.id, { status: "running" });
    await act(tx, task, firing, await tx.conversations.find(conversationId), ambient);
  }
}

async function act(
  tx: Records,
  task: Task,
  firing: Firing,
  conversation: Conversation | null,
  ambient: Ambient,
): Promise<void> {
  const { action } = task.request;
  if (conversation === null && action.type !== "dispatch") {
    await settleFiring(tx, firing.id, { status: "failed", error: "customer_unreachable" }, ambient);
    return;
  }
  if (conversation !== null && conversation.holder === "human" && speaks(action)) {
    await tx.tasks.updateFiring(firing.id, { status: "waiting" });
    return;
  }
  if (action.type === "send_message" && conversation !== null) {
    await sendForFiring(tx, firing, conversation, messageParts(action), ambient);
    return;
  }
  if (action.type === "transfer_to_human" && conversation !== null) {
    await requestHandoff(tx, ambient, {
      conversation,
      reason: "customer_asked",
      group: action.group ?? null,
      summary: action.reason,
    });
    await settleFiring(tx, firing.id, { status: "completed" }, ambient);
    return;
  }
  await tx.jobs.enqueue({
    kind: "task-action",
    key: `action:${firing.id}`,
    payload: { firingId: firing.id },
    maxAttempts: task.request.max_attempts,
  });
}

/**
 * Puts a firing's words into the outbox. A cancelled first copy (a person took over) is followed by another, so the
 * id counts the firing's tries.
 */
export async function sendForFiring(
  tx: Records,
  firing: Firing,
  conversation: Conversation,
  parts: Part[],
  ambient: Ambient,
): Promise<void> {
  await tx.tasks.updateFiring(firing.id, { status: "running", attempted: true });
  await tx.messages.addOutbound({
    id: `m_${firing.id}_${firing.attempts}`,
    conversationId: conversation.id,
    author: "task",
    parts,
    fence: conversation.fence,
    firingId: firing.id,
    at: ambient.now(),
  });
  await queueDelivery(tx, conversation.id);
}

function messageParts(action: Extract<Action, { type: "send_message" }>): Part[] {
  return [
    { type: "text", text: action.message },
    ...(action.images ?? []).map((url): Part => ({ type: "image", url })),
  ];
}
