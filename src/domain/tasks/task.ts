import { z } from "zod";
import { isDeeperThan } from "../json.ts";
import { isKey } from "../keys.ts";

const instantSchema = z.iso.datetime({
  offset: true,
  message: "must be an ISO 8601 time with zone, such as 2026-01-01T09:00:00+08:00",
});
const idSchema = z
  .string()
  .min(1)
  .max(128)
  .refine(isKey, { message: "must be whole characters, none of them control characters" });
const keywordSchema = z.string().trim().min(1).max(200);
const pictureUrlsSchema = z.array(z.url({ protocol: /^https?$/ })).max(20);

/** When a task fires (spec tasks, table of triggers). */
export const triggerSchema = z.discriminatedUnion("type", [
  z
    .object({
      type: z.literal("customer_reply"),
      keyword: keywordSchema.optional(),
      keywords: z.array(keywordSchema).min(1).max(50).optional(),
      match: z.enum(["contains", "exact", "regex"]).default("contains"),
    })
    .refine((trigger) => (trigger.keyword === undefined) !== (trigger.keywords === undefined), {
      message: "give exactly one of keyword and keywords",
      path: ["keyword"],
    }),
  z
    .object({
      type: z.literal("time"),
      at: instantSchema.optional(),
      delay_seconds: z.number().min(0).max(31_536_000).optional(),
      cron: z.string().trim().min(9).max(120).optional(),
      timezone: z.string().min(1).max(64).default("Asia/Shanghai"),
      catch_up_seconds: z.int().min(0).max(31_536_000).default(86_400),
    })
    .refine(
      (time) => [time.at, time.delay_seconds, time.cron].filter((it) => it !== undefined).length === 1,
      {
        message: "give exactly one of at, delay_seconds and cron",
        path: ["at"],
      },
    ),
  z.object({ type: z.literal("immediate") }),
  z.object({
    type: z.literal("image_task"),
    event: z.enum([
      "quoted",
      "review",
      "accepted",
      "dispatched",
      "delivered",
      "failed",
      "handed_off",
      "rejected",
      "cancelled",
    ]),
    image_task_id: z.string().min(1).max(128).optional(),
  }),
  z.object({ type: z.literal("no_reply"), after_seconds: z.number().positive().max(31_536_000) }),
]);
export type Trigger = z.infer<typeof triggerSchema>;

export const workflowNameSchema = z.enum(["find-image", "process-image", "dispatch-to-human"]);
export type WorkflowName = z.infer<typeof workflowNameSchema>;

/** What a workflow is told when it starts for a customer. */
export const workflowInputSchema = z.object({
  demand: z.string().max(2000).optional(),
  images: pictureUrlsSchema.optional(),
  words: z.string().max(200).optional(),
});

/** What a task does (spec tasks, table of actions). */
export const actionSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("send_message"),
    message: z
      .string()
      .max(4000)
      .refine((message) => message.trim() !== "", { message: "must say something" }),
    images: pictureUrlsSchema.optional(),
  }),
  z.object({
    type: z.literal("start_workflow"),
    workflow: workflowNameSchema,
    input: workflowInputSchema.refine(
      ({ demand, images, words }) => demand !== undefined || images !== undefined || words !== undefined,
      { message: "needs words, a demand or images to work on" },
    ),
  }),
  z.object({
    type: z.literal("transfer_to_human"),
    reason: z.string().min(1).max(500),
    group: z.string().max(64).optional(),
  }),
  z.object({ type: z.literal("run_agent"), prompt: z.string().min(1).max(4000) }),
  z.object({
    type: z.literal("dispatch"),
    requirements: z.array(z.string().min(1).max(2000)).min(1).max(50),
    images: pictureUrlsSchema.default([]),
    priority: z.enum(["normal", "high"]).default("normal"),
  }),
]);
export type Action = z.infer<typeof actionSchema>;

const METADATA_MOST_BYTES = 8 * 1024;
const METADATA_DEEPEST = 20;

/** The body of POST /api/task/receive. */
export const taskRequestSchema = z
  .object({
    task_id: idSchema.refine((id) => id !== "." && id !== "..", {
      message: "must not be . or ..: no URL can name it",
    }),
    type: z.string().min(1).max(64),
    customer: z.object({
      id: idSchema,
      name: z.string().max(128).optional(),
      platform: z.string().min(1).max(64).optional(),
      shop_id: z.string().min(1).max(128).optional(),
      per_customer: z.boolean().optional(),
    }),
    trigger: triggerSchema,
    action: actionSchema,
    created_by: z.string().min(1).max(128),
    priority: z.int().min(0).max(9).default(5),
    expires_at: instantSchema.optional(),
    max_attempts: z.int().min(1).max(50).default(5),
    callback_url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional(),
    metadata: z
      .unknown()
      .refine((data) => !isDeeperThan(data, METADATA_DEEPEST), {
        message: `must not nest deeper than ${METADATA_DEEPEST} levels`,
      })
      .pipe(z.record(z.string(), z.json()))
      .refine((data) => new TextEncoder().encode(JSON.stringify(data)).length <= METADATA_MOST_BYTES, {
        message: "must be at most 8 KiB as JSON",
      })
      .optional(),
  })
  .refine((task) => task.customer.per_customer !== true || task.customer.id === "*", {
    message: 'per_customer goes with customer.id "*"',
    path: ["customer", "per_customer"],
  })
  .refine(
    (task) =>
      task.customer.id !== "*" || ["customer_reply", "image_task", "no_reply"].includes(task.trigger.type),
    { message: 'the customer "*" needs a trigger that names a customer', path: ["customer", "id"] },
  );
export type TaskRequest = z.infer<typeof taskRequestSchema>;

export const taskStatusSchema = z.enum(["pending", "firing", "completed", "failed", "cancelled", "expired"]);
export type TaskStatus = z.infer<typeof taskStatusSchema>;

export type TaskHistory = { status: TaskStatus; cause: string; detail: string | null; at: number };

export type Task = {
  seq: number;
  task_id: string;
  request: TaskRequest;
  status: TaskStatus;
  attempts: number;
  error_message: string | null;
  fired_count: number;
  /** Next instant of a time trigger, UTC ms. */
  next_at: number | null;
  created_at: number;
  triggered_at: number | null;
  completed_at: number | null;
};

/** One firing of a task: claimed once per slot, settled once. waiting: a person holds the conversation. */
export type Firing = {
  id: string;
  task_id: string;
  slot: string;
  conversation_id: string | null;
  customer_id: string;
  status: "running" | "waiting" | "completed" | "failed";
  attempts: number;
  error: string | null;
  created_at: number;
};

/** Fires more than once: each cron slot, or once per customer. */
export function isRecurring(request: TaskRequest): boolean {
  return (
    request.customer.per_customer === true ||
    (request.trigger.type === "time" && request.trigger.cron !== undefined)
  );
}

export function isEnded(status: TaskStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled" || status === "expired";
}

/** True when doing it puts words before the customer, so that it needs a conversation in the bot's hands. */
export function speaks(action: Action): boolean {
  return action.type === "send_message" || action.type === "run_agent" || action.type === "start_workflow";
}

/** JSON with sorted keys: the same content gives the same text, whatever order the caller wrote it in. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
