import type { Workflow } from "@mastra/core/workflows";
import { z } from "zod";
import { errorText } from "../domain/errors.ts";
import { DONE, type JobHandler } from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { failToHuman } from "../domain/orders/desk/progress-order.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import type { OrderKind } from "../domain/orders/service.ts";
import type { WorkflowName } from "../domain/tasks/task.ts";

const payloadSchema = z.object({ orderId: z.string() });

const WORKFLOW_OF: Record<OrderKind, WorkflowName> = {
  find: "find-image",
  process: "process-image",
  design: "dispatch-to-human",
};
/** In these there is work of ours to do, so a run that is over is not the end. */
const IN_WORK: readonly OrderStatus[] = ["accepted", "processing"];

/** Finds a registered workflow; Mastra gives it its storage. */
export type WorkflowFinder = (name: WorkflowName) => Workflow;

/**
 * Drives an order's run: starts it, wakes a suspended one, restarts one that a crash cut off. Every drive is a job,
 * so this is also what brings runs back after a kill; a run whose snapshot was lost, failed or ended too early is
 * started anew and finds its place by the order's row. When driving fails for good, a person gets the order.
 */
export function createWorkflowHandler({
  workflow,
  log,
  ...deps
}: DeskDeps & { workflow: WorkflowFinder; log: Log }): JobHandler {
  const { store } = deps;
  return {
    async run(job) {
      const { orderId } = payloadSchema.parse(job.payload);
      const order = await store.orders.find(orderId);
      if (order === null) return DONE;
      const definition = workflow(WORKFLOW_OF[order.kind]);
      const state = await definition.getWorkflowRunById(orderId);
      const isOver = state !== null && OVER.includes(state.status);
      if (isOver && state.status === "success" && !IN_WORK.includes(order.status)) return DONE;
      if (isOver) await definition.deleteWorkflowRunById(orderId);
      const run = await definition.createRun({ runId: orderId });
      if (state === null || isOver || state.status === "pending")
        check(await run.start({ inputData: { order_id: orderId } }));
      else if (state.status === "suspended") check(await run.resume({ resumeData: {} }));
      else if (state.status === "running" || state.status === "waiting") check(await run.restart());
      return DONE;
    },

    async onDead(job, error) {
      const { orderId } = payloadSchema.parse(job.payload);
      log.error("workflow.gave_up", { orderId, error });
      await store.transaction(async (tx) => {
        const order = await tx.orders.find(orderId);
        if (order !== null) await failToHuman(deps, tx, order, `workflow: ${error}`.slice(0, 200));
      });
    },
  };
}

const OVER: readonly string[] = ["success", "failed", "canceled", "tripwire", "bailed"];

function check(result: { status: string; error?: unknown }): void {
  if (result.status !== "failed") return;
  throw result.error instanceof Error
    ? result.error
    : new Error(`workflow failed: ${errorText(result.error)}`);
}
