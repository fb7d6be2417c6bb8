import type { Workflow } from "@mastra/core/workflows";
import { z } from "zod";
import { DONE, type JobHandler } from "../domain/jobs/jobs.ts";
import type { OrderKind } from "../domain/orders/service.ts";
import type { Store } from "../domain/records.ts";
import type { WorkflowName } from "../domain/tasks/task.ts";

const payloadSchema = z.object({ orderId: z.string() });

const WORKFLOW_OF: Record<OrderKind, WorkflowName> = {
  find: "find-image",
  process: "process-image",
  design: "dispatch-to-human",
};

/** Finds a registered workflow; Mastra gives it its storage. */
export type WorkflowFinder = (name: WorkflowName) => Workflow;

/**
 * Drives an order's run: starts it, wakes a suspended one, restarts one that a crash cut off. Every drive is a job,
 * so this is also what brings runs back after a kill; a run whose snapshot was lost is started anew and finds its
 * place by the order's row.
 */
export function createWorkflowHandler({
  store,
  workflow,
}: {
  store: Store;
  workflow: WorkflowFinder;
}): JobHandler {
  return {
    async run(job) {
      const { orderId } = payloadSchema.parse(job.payload);
      const order = await store.orders.find(orderId);
      if (order === null) return DONE;
      const definition = workflow(WORKFLOW_OF[order.kind]);
      const run = await definition.createRun({ runId: orderId });
      const state = await definition.getWorkflowRunById(orderId);
      if (state === null || state.status === "pending")
        check(await run.start({ inputData: { order_id: orderId } }));
      else if (state.status === "suspended") check(await run.resume({ resumeData: {} }));
      else if (state.status === "running" || state.status === "waiting") check(await run.restart());
      return DONE;
    },
  };
}

function check(result: { status: string; error?: unknown }): void {
  if (result.status === "failed") throw result.error ?? new Error("workflow failed");
}
