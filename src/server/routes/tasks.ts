import { Hono } from "hono";
import { describeRoute, resolver, validator } from "hono-openapi";
import { z } from "zod";
import { queueCallback } from "../../conversation/tasks/callbacks.ts";
import type { Ambient } from "../../domain/clock.ts";
import type { JobRunner } from "../../domain/jobs/jobs.ts";
import type { Store } from "../../domain/records.ts";
import { cancelTask, receiveTask, type TaskRules } from "../../domain/tasks/receive-task.ts";
import { type Task, type TaskHistory, taskRequestSchema, taskStatusSchema } from "../../domain/tasks/task.ts";
import { apiError, onInvalid } from "../api-error.ts";
import { requireApiKey } from "../auth.ts";

const receivedSchema = z.object({
  success: z.literal(true),
  task_id: z.string(),
  status: taskStatusSchema,
  message: z.string(),
  duplicate: z.boolean(),
});
const cancelSchema = z.object({
  task_id: z.string().min(1).max(128),
  reason: z.string().max(500).optional(),
});
const listQuerySchema = z.object({
  status: taskStatusSchema.optional(),
  customer_id: z.string().max(128).optional(),
  type: z.string().max(64).optional(),
  created_by: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(64).optional(),
});
const errorSchema = z.object({
  success: z.literal(false),
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
  request_id: z.string(),
});

export type TaskRoutesDeps = {
  store: Store;
  jobs: JobRunner;
  rules: TaskRules;
  ambient: Ambient;
  apiKey: string | undefined;
};

const answer = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/json": { schema: resolver(schema) } },
});
const refusals = {
  400: answer("A field is wrong; details names each", errorSchema),
  401: answer("No or wrong API key", errorSchema),
};

/** 天网's way in (spec tasks). */
export function createTaskRoutes({ store, jobs, rules, ambient, apiKey }: TaskRoutesDeps) {
  const routes = new Hono();
  routes.use("*", requireApiKey(apiKey));

  routes.post(
    "/receive",
    describeRoute({
      tags: ["天网任务"],
      summary: "Give a task. A 200 means that it survives a crash.",
      responses: {
        200: answer("Stored, or known already (duplicate)", receivedSchema),
        409: answer("Same id, other content", errorSchema),
        ...refusals,
      },
    }),
    validator("json", taskRequestSchema, onInvalid),
    async (c) => {
      const request = c.req.valid("json");
      const received = await store.transaction((tx) => receiveTask(tx, request, ambient.now(), rules));
      if (!received.ok)
        return received.refusal === "conflict"
          ? apiError(c, 409, "a task with this task_id and other content exists")
          : apiError(c, 400, `invalid: ${received.problems.map((problem) => problem.path).join(", ")}`, {
              details: received.problems,
            });
      const { task, duplicate } = received.value;
      return c.json({
        success: true as const,
        task_id: task.task_id,
        status: task.status,
        message: duplicate ? "任务已存在" : "任务已接收",
        duplicate,
      });
    },
  );

  routes.post(
    "/cancel",
    describeRoute({
      tags: ["天网任务"],
      summary: "Cancel a task that has not fired.",
      responses: {
        200: answer(
          "Cancelled",
          z.object({ success: z.literal(true), task_id: z.string(), status: z.literal("cancelled") }),
        ),
        404: answer("Unknown", errorSchema),
        409: answer("Already ended or firing; status says which", errorSchema),
        ...refusals,
      },
    }),
    validator("json", cancelSchema, onInvalid),
    async (c) => {
      const { task_id, reason } = c.req.valid("json");
      const outcome = await store.transaction(async (tx) => {
        const cancelled = await cancelTask(tx, task_id, reason, ambient.now());
        if (cancelled.ok) await queueCallback(tx, cancelled.value, { status: "cancelled" }, ambient);
        return cancelled.ok ? cancelled : { ...cancelled, task: await tx.tasks.find(task_id) };
      });
      if (outcome.ok) return c.json({ success: true as const, task_id, status: "cancelled" as const });
      if (outcome.refusal === "not-found") return apiError(c, 404, "no task with this task_id");
      return apiError(c, 409, outcome.refusal === "firing" ? "the task is firing" : "the task has ended", {
        fields: { task_id, status: outcome.task?.status },
      });
    },
  );

  routes.get(
    "/status/:id",
    describeRoute({
      tags: ["天网任务"],
      summary: "One task with its history.",
      responses: {
        200: { description: "The task" },
        404: answer("Unknown", errorSchema),
        401: refusals[401],
      },
    }),
    async (c) => {
      const found = await store.tasks.findWithHistory(c.req.param("id"));
      if (found === null) return apiError(c, 404, "no task with this task_id");
      return c.json({
        success: true as const,
        ...taskView(found.task),
        history: found.history.map(historyView),
      });
    },
  );

  routes.get(
    "/list",
    describeRoute({
      tags: ["天网任务"],
      summary: "Tasks, newest first.",
      responses: { 200: { description: "A page; next_cursor is null at the end" }, ...refusals },
    }),
    validator("query", listQuerySchema, onInvalid),
    async (c) => {
      const query = c.req.valid("query");
      const beforeSeq = query.cursor === undefined ? undefined : readCursor(query.cursor);
      if (beforeSeq === null)
        return apiError(c, 400, "invalid: cursor", {
          details: [{ path: "cursor", message: "is not one of ours" }],
        });
      const tasks = await store.tasks.list({
        status: query.status,
        customerId: query.customer_id,
        type: query.type,
        createdBy: query.created_by,
        beforeSeq,
        limit: query.limit + 1,
      });
      const page = tasks.slice(0, query.limit);
      const last = page.at(-1);
      return c.json({
        success: true as const,
        tasks: page.map(taskView),
        next_cursor: tasks.length > query.limit && last !== undefined ? writeCursor(last.seq) : null,
      });
    },
  );

  routes.get(
    "/dead-callbacks",
    describeRoute({
      tags: ["天网任务"],
      summary: "Callbacks that were given up.",
      responses: { 200: { description: "The newest 200" }, 401: refusals[401] },
    }),
    async (c) => c.json({ success: true as const, dead: await jobs.dead("task-callback") }),
  );
  routes.post(
    "/dead-callbacks/:id/replay",
    describeRoute({
      tags: ["天网任务"],
      summary: "Sends a callback that was given up once more.",
      responses: { 200: { description: "Queued" }, 404: answer("Unknown", errorSchema), 401: refusals[401] },
    }),
    async (c) =>
      (await jobs.replay(c.req.param("id")))
        ? c.json({ success: true as const })
        : apiError(c, 404, "no dead callback with this id"),
  );
  return routes;
}

function taskView(task: Task) {
  const { request } = task;
  return {
    ...request,
    status: task.status,
    attempts: task.attempts,
    error_message: task.error_message,
    fired_count: task.fired_count,
    next_at: isoTime(task.next_at),
    created_at: isoTime(task.created_at),
    triggered_at: isoTime(task.triggered_at),
    completed_at: isoTime(task.completed_at),
  };
}

function historyView(entry: TaskHistory) {
  return { ...entry, at: isoTime(entry.at) };
}

function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function writeCursor(seq: number): string {
  return Buffer.from(`seq:${seq}`).toString("base64url");
}

function readCursor(cursor: string): number | null {
  const found = /^seq:(\d{1,15})$/u.exec(Buffer.from(cursor, "base64url").toString("utf8"));
  return found?.[1] === undefined ? null : Number(found[1]);
}
