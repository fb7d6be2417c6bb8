import { createStep, createWorkflow } from "@mastra/core/workflows";
import { dispatchOrder } from "../domain/orders/desk/progress-order.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import { createWaitStep, runSchema } from "./order-steps.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

const MAY_BE_GIVEN: readonly OrderStatus[] = ["draft", "accepted"];

/** 转人工派单: card and handoff, a 图绘 order, and the wait for the designer's result. */
export function createDispatchToHumanWorkflow(deps: WorkflowDeps) {
  const handOver = createStep({
    id: "hand-over",
    inputSchema: runSchema,
    outputSchema: runSchema,
    execute: async ({ inputData }) => {
      await deps.store.transaction(async (tx) => {
        const order = await tx.orders.find(inputData.order_id);
        // What waits for a person's decision or the buyer's yes is not ours to give away.
        if (order === null || !MAY_BE_GIVEN.includes(order.status)) return;
        await dispatchOrder(deps, tx, order, {
          reason: "designer_dispatch",
          cause: "dispatch-workflow",
          words: deps.rules().say("handoff_designer"),
        });
      });
      return inputData;
    },
  });

  return createWorkflow({ id: "dispatch-to-human", inputSchema: runSchema, outputSchema: runSchema })
    .then(handOver)
    .then(createWaitStep(deps, "designer-works", "the designer to deliver, or to give up", () => false))
    .commit();
}
