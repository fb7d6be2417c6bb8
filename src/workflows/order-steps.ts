import { createStep } from "@mastra/core/workflows";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";

/**
 * The order's row is the truth; a run only carries its id. A waiting step looks at the row whenever it is nudged
 * and suspends again until the row says go on, so a lost, doubled or late nudge changes nothing.
 */
export const runSchema = z.object({ order_id: z.string() });
const nudgeSchema = z.object({}).loose();
const waitingSchema = z.object({ waits_for: z.string() });

export const ENDED: readonly OrderStatus[] = ["delivered", "closed", "rejected", "cancelled"];

export async function orderOf({ store }: Pick<DeskDeps, "store">, id: string): Promise<ImageOrder> {
  const order = await store.orders.find(id);
  if (order === null) throw new Error(`no order ${id}`);
  return order;
}

/** Waits until the order may go on, or has ended. */
export function createWaitStep<Id extends string>(
  deps: DeskDeps,
  id: Id,
  waitsFor: string,
  goesOn: (order: ImageOrder) => boolean,
) {
  return createStep({
    id,
    inputSchema: runSchema,
    outputSchema: runSchema,
    resumeSchema: nudgeSchema,
    suspendSchema: waitingSchema,
    execute: async ({ inputData, suspend }) => {
      const order = await orderOf(deps, inputData.order_id);
      if (!goesOn(order) && !ENDED.includes(order.status)) return await suspend({ waits_for: waitsFor });
      return inputData;
    },
  });
}
