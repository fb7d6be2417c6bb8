import { z } from "zod";
import type { Ambient } from "../../domain/clock.ts";
import { DONE, type JobHandler } from "../../domain/jobs/jobs.ts";
import type { Records } from "../../domain/records.ts";
import type { CallbackSender } from "../../domain/tasks/callback.ts";
import type { Task } from "../../domain/tasks/task.ts";

const MINUTE_MS = 60_000;
/** spec tasks: 10 s, 1 min, 5 min, 30 min, 2 h, 6 h, then a dead letter. */
export const CALLBACK_DELAYS_MS = [
  10_000,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  120 * MINUTE_MS,
  360 * MINUTE_MS,
];

type Ending =
  | { status: "completed"; result?: Record<string, unknown> }
  | { status: "failed"; error: string }
  | { status: "cancelled" }
  | { status: "expired"; error?: string };

const payloadSchema = z.object({
  id: z.string(),
  url: z.string().nullable(),
  body: z.record(z.string(), z.unknown()),
});

/** Tells 天网 how a task ended; the report is a job in the transaction that ended it. */
export async function queueCallback(
  tx: Records,
  task: Task,
  ending: Ending,
  ambient: Ambient,
): Promise<void> {
  await tx.jobs.enqueue({
    kind: "task-callback",
    payload: {
      id: ambient.newId("cb"),
      url: task.request.callback_url ?? null,
      body: {
        event: `task.${ending.status}`,
        task_id: task.task_id,
        status: ending.status,
        occurred_at: new Date(ambient.now()).toISOString(),
        ...("result" in ending && ending.result !== undefined ? { result: ending.result } : {}),
        ...("error" in ending && ending.error !== undefined ? { error_message: ending.error } : {}),
      },
    },
    maxAttempts: CALLBACK_DELAYS_MS.length + 1,
  });
}

export function createCallbackHandler(sender: CallbackSender): JobHandler {
  return {
    retryDelaysMs: CALLBACK_DELAYS_MS,
    async run(job) {
      const { id, url, body } = payloadSchema.parse(job.payload);
      await sender.send({ id, url, body: JSON.stringify(body) });
      return DONE;
    },
  };
}
