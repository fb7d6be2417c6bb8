import { openingTaskId } from "../../handoffs/request-handoff.ts";
import type { Records } from "../../records.ts";
import { cancelTask } from "../../tasks/receive-task.ts";
import type { ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";

/** What people were asked about this order is settled; a chat that a person holds stays theirs. */
export async function closeHandoffs(
  { ambient }: Pick<DeskDeps, "ambient">,
  tx: Records,
  order: ImageOrder,
): Promise<void> {
  for (const handoff of await tx.handoffs.openOf(order.conversation_id))
    if (handoff.image_task_id === order.id && handoff.status !== "human") {
      await tx.handoffs.setStatus(handoff.id, { status: "returned", endedAt: ambient.now() });
      await cancelTask(tx, openingTaskId(handoff.id), "the order is settled", ambient.now());
    }
}
