import { z } from "zod";
import type { Ambient } from "../../domain/clock.ts";
import { againAt, DONE, type JobHandler } from "../../domain/jobs/jobs.ts";
import type { Records, Store } from "../../domain/records.ts";
import type { CronClock } from "../../domain/tasks/ports.ts";
import { endUnfired, timeKey } from "../../domain/tasks/receive-task.ts";
import type { Task } from "../../domain/tasks/task.ts";
import { queueCallback } from "./callbacks.ts";
import { fireTask } from "./fire-task.ts";

type TimeDeps = { store: Store; ambient: Ambient; cron: CronClock };
const payloadSchema = z.object({ taskId: z.string() });
/** A cron slot that comes while the last firing still runs is looked at again soon. */
const STILL_FIRING_MS = 1_000;

/** Fires time and immediate tasks when their instant has come; decides what was missed while down. */
export function createTaskTimeHandler({ store, ambient, cron }: TimeDeps): JobHandler {
  return {
    async run(job) {
      const { taskId } = payloadSchema.parse(job.payload);
      return await store.transaction(async (tx) => {
        const task = await tx.tasks.find(taskId);
        if (task === null || task.next_at === null) return DONE;
        if (task.status === "firing") return againAt(ambient.now() + STILL_FIRING_MS);
        if (task.status !== "pending") return DONE;
        const now = ambient.now();
        if (task.next_at > now) return againAt(task.next_at);
        const { trigger } = task.request;
        if (trigger.type === "time" && trigger.cron !== undefined)
          await fireCron(tx, task, trigger.cron, trigger.timezone, now);
        else if (trigger.type === "time" && now - task.next_at > trigger.catch_up_seconds * 1000)
          await expire(
            tx,
            task,
            `late by ${Math.round((now - task.next_at) / 1000)} s, more than catch_up_seconds allows`,
            now,
          );
        else await fire(tx, task, { slot: `at:${task.next_at}`, cause: trigger.type });
        return DONE;
      });
    },
  };

  /** However many slots were missed, one firing; it says how many it stands for. */
  async function fireCron(
    tx: Records,
    task: Task,
    expression: string,
    timezone: string,
    now: number,
  ): Promise<void> {
    const due = task.next_at ?? now;
    const skipped = cron.count(expression, timezone, due, now);
    const nextAt = cron.next(expression, timezone, now);
    await fire(tx, task, {
      slot: `cron:${due}`,
      cause: "cron",
      nextAt,
      ...(skipped > 0 ? { detail: `skipped ${skipped} missed slots` } : {}),
    });
    if (nextAt !== null)
      await tx.jobs.enqueue({
        kind: "task-time",
        key: timeKey(task.task_id),
        payload: { taskId: task.task_id },
        runAt: nextAt,
        maxAttempts: 1000,
      });
  }

  async function fire(
    tx: Records,
    task: Task,
    occasion: { slot: string; cause: string; detail?: string; nextAt?: number | null },
  ): Promise<void> {
    const { customer } = task.request;
    const conversation = await tx.conversations.findByCustomer({
      id: customer.id,
      platform: customer.platform,
      shopId: customer.shop_id,
    });
    await fireTask(tx, task, { ...occasion, customerId: customer.id, conversation }, ambient);
  }

  async function expire(tx: Records, task: Task, why: string, now: number): Promise<void> {
    const moved = await tx.tasks.move(task.task_id, {
      from: "pending",
      to: "expired",
      cause: "missed",
      detail: why,
      at: now,
      error: why,
    });
    if (moved) await queueCallback(tx, task, { status: "expired", error: why }, ambient);
  }
}

/** Ends a task whose expires_at has come before it did anything. */
export function createTaskExpireHandler({ store, ambient }: Pick<TimeDeps, "store" | "ambient">): JobHandler {
  return {
    async run(job) {
      const { taskId } = payloadSchema.parse(job.payload);
      return await store.transaction(async (tx) => {
        const task = await tx.tasks.find(taskId);
        if (task === null) return DONE;
        const at = ambient.now();
        const ended = await endUnfired(tx, taskId, { to: "expired", cause: "expires_at", at });
        if (!ended && task.status === "firing") return againAt(at + STILL_FIRING_MS);
        if (ended) {
          await tx.jobs.cancel(timeKey(taskId));
          await queueCallback(tx, task, { status: "expired" }, ambient);
        }
        return DONE;
      });
    },
  };
}
