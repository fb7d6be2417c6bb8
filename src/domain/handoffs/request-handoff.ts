import type { Ambient } from "../clock.ts";
import type { Conversation } from "../conversations/conversation.ts";
import { plainText } from "../conversations/message.ts";
import type { Records } from "../records.ts";
import { type Handoff, type HandoffReason, type OpeningHours, openingAt } from "./handoff.ts";

export type HandoffRequest = {
  conversation: Conversation;
  reason: HandoffReason;
  summary: string;
  group?: string | null;
  order?: { id: string; pictures: string[]; totalFen: number | null; risk: string | null } | null;
  /** Where people work set hours; absent: always. */
  hours?: OpeningHours;
};

export type HandoffAnswer = {
  handoff: Handoff;
  isNew: boolean;
  /** Null when people are at work now; else when they will be, UTC ms (null too when no opening is known). */
  opensAt: number | null;
  isOpen: boolean;
};

const CARD_MESSAGES = 10;
const NEEDS_A_SPEAKER: readonly HandoffReason[] = [
  "customer_asked",
  "complaint",
  "out_of_scope",
  "not_understood",
  "model_unavailable",
  "tool_failure",
];

/**
 * Puts a conversation into the people's queue with everything on one card, and asks the platform to pass it over.
 * Safe to repeat: a second request for the same reason and order finds the first. Out of hours a system task
 * brings it up again when people are back.
 */
export async function requestHandoff(
  tx: Records,
  ambient: Ambient,
  request: HandoffRequest,
): Promise<HandoffAnswer> {
  const { conversation, order } = request;
  const now = ambient.now();
  const opening =
    request.hours === undefined ? { isOpen: true, opensAt: null } : openingAt(request.hours, now);
  const recent = await tx.messages.recent(conversation.id, CARD_MESSAGES);
  const demands = order == null ? [] : (await tx.orders.revisions(order.id)).map((revision) => revision.text);

  const { handoff, isNew } = await tx.handoffs.open({
    id: ambient.newId("h"),
    conversation_id: conversation.id,
    customer_id: conversation.customer_id,
    reason: request.reason,
    status: opening.isOpen ? "queued" : "requested",
    group_name: request.group ?? null,
    image_task_id: order?.id ?? null,
    card: {
      summary: request.summary,
      demands,
      pictures: order?.pictures ?? [],
      last_messages: recent.map((message) => `${message.author}: ${plainText(message.parts)}`),
      ...(order == null ? {} : { order_id: order.id }),
      ...(order?.totalFen == null ? {} : { total_fen: order.totalFen }),
      ...(order?.risk == null ? {} : { risk: order.risk }),
    },
    created_at: now,
  });
  if (!isNew) return { handoff, isNew, ...opening };

  // Decisions at the desk (a price, a risk, a designer's work) need no new speaker in the chat.
  if (opening.isOpen && NEEDS_A_SPEAKER.includes(request.reason))
    await tx.jobs.enqueue({
      kind: "transfer",
      key: `transfer:${handoff.id}`,
      payload: { handoffId: handoff.id },
      maxAttempts: 3,
    });
  else if (!opening.isOpen && opening.opensAt !== null)
    await remindAtOpening(tx, handoff, conversation, opening.opensAt, now);
  return { handoff, isNew, ...opening };
}

/** The task that brings a handoff up again when people are back. */
export function openingTaskId(handoffId: string): string {
  return `system:handoff:${handoffId}`;
}

/** The handoff becomes a task (created_by system) that is due when people are back. */
async function remindAtOpening(
  tx: Records,
  handoff: Handoff,
  conversation: Conversation,
  opensAt: number,
  now: number,
): Promise<void> {
  const taskId = openingTaskId(handoff.id);
  const task = await tx.tasks.add({
    request: {
      task_id: taskId,
      type: "handoff",
      customer: {
        id: conversation.customer_id,
        platform: conversation.platform,
        shop_id: conversation.shop_id,
      },
      trigger: {
        type: "time",
        at: new Date(opensAt).toISOString(),
        timezone: "Asia/Shanghai",
        catch_up_seconds: 86_400 * 7,
      },
      action: { type: "transfer_to_human", reason: handoff.card.summary.slice(0, 500) || handoff.reason },
      created_by: "system",
      priority: 7,
      max_attempts: 5,
    },
    now,
    nextAt: opensAt,
  });
  if (task !== null)
    await tx.jobs.enqueue({
      kind: "task-time",
      key: `time:${taskId}`,
      payload: { taskId },
      runAt: opensAt,
      maxAttempts: 1000,
    });
}
