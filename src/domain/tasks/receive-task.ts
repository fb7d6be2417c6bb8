import type { Records } from "../records.ts";
import { accept, type Result } from "../result.ts";
import { foldPattern, MOST_PATTERN_SIZE, type SafeRegex, triggerKeywords } from "./matching.ts";
import type { CronClock } from "./ports.ts";
import { canonicalJson, type Task, type TaskRequest } from "./task.ts";

export type TaskRules = { cron: CronClock; regex: SafeRegex };
export type TaskProblem = { path: string; message: string };
export type ReceiveRefusal =
  | { ok: false; refusal: "conflict" }
  | { ok: false; refusal: "invalid"; problems: TaskProblem[] };

/**
 * Takes a task in: stores it with the jobs that will fire or expire it, in the caller's transaction. The same id
 * with the same content again is the same task; with other content it is a conflict.
 */
export async function receiveTask(
  tx: Records,
  request: TaskRequest,
  now: number,
  rules: TaskRules,
): Promise<{ ok: true; value: { task: Task; duplicate: boolean } } | ReceiveRefusal> {
  const problems = problemsOf(request, now, rules);
  if (problems.length > 0) {
    // What was right when it came first stays right when it comes again, though its time is over.
    const known = await tx.tasks.find(request.task_id);
    return known === null ? { ok: false, refusal: "invalid", problems } : sameOrConflict(known, request);
  }
  const nextAt = firstInstant(request, now, rules.cron);
  const task = await tx.tasks.add({ request, now, nextAt });
  if (task === null) {
    const known = await tx.tasks.find(request.task_id);
    return known === null ? { ok: false, refusal: "conflict" } : sameOrConflict(known, request);
  }
  await planTask(tx, task, now);
  return accept({ task, duplicate: false });
}

export async function cancelTask(
  tx: Records,
  taskId: string,
  reason: string | undefined,
  now: number,
): Promise<Result<Task, "not-found" | "already-ended" | "firing">> {
  const moved = await endUnfired(tx, taskId, { to: "cancelled", cause: "cancel", detail: reason, at: now });
  const task = await tx.tasks.find(taskId);
  if (task === null) return { ok: false, refusal: "not-found" };
  if (!moved) return { ok: false, refusal: task.status === "firing" ? "firing" : "already-ended" };
  await tx.jobs.cancel(timeKey(taskId));
  await tx.jobs.cancel(expireKey(taskId));
  return accept(task);
}

/**
 * Ends a task that has done nothing yet: it is pending, or its firing waits for a person to give the conversation
 * back. False when it is doing something right now, or has ended.
 */
export async function endUnfired(
  tx: Records,
  taskId: string,
  ending: { to: "cancelled" | "expired"; cause: string; detail?: string | undefined; at: number },
): Promise<boolean> {
  // Held first: a firing that waits must not begin between our look at it and the task's end.
  await tx.tasks.find(taskId);
  if (await tx.tasks.move(taskId, { from: "pending", ...ending })) return true;
  const waiting = await tx.tasks.waitingFiringOf(taskId);
  if (waiting === null || !(await tx.tasks.move(taskId, { from: "firing", ...ending }))) return false;
  await tx.tasks.updateFiring(waiting.id, { status: "failed", error: `task-${ending.to}` });
  return true;
}

export function timeKey(taskId: string): string {
  return `time:${taskId}`;
}

export function expireKey(taskId: string): string {
  return `expire:${taskId}`;
}

function sameOrConflict(
  known: Task,
  request: TaskRequest,
): { ok: true; value: { task: Task; duplicate: boolean } } | ReceiveRefusal {
  return canonicalJson(known.request) === canonicalJson(request)
    ? accept({ task: known, duplicate: true })
    : { ok: false, refusal: "conflict" };
}

function problemsOf(
  { trigger, expires_at }: TaskRequest,
  now: number,
  { cron, regex }: TaskRules,
): TaskProblem[] {
  const problems: TaskProblem[] = [];
  if (trigger.type === "time" && trigger.cron !== undefined) {
    const problem = cron.problem(trigger.cron, trigger.timezone);
    if (problem !== null) problems.push({ path: "trigger.cron", message: problem });
  }
  if (trigger.type === "customer_reply" && trigger.match === "regex") {
    const path = trigger.keyword === undefined ? "trigger.keywords" : "trigger.keyword";
    const patterns = triggerKeywords(trigger).map((keyword) => regex.compile(foldPattern(keyword)));
    const size = patterns.reduce((sum, pattern) => sum + (pattern?.size ?? 0), 0);
    if (patterns.includes(null))
      problems.push({ path, message: "must be a regular expression that RE2 accepts, not too large" });
    else if (size > MOST_PATTERN_SIZE)
      problems.push({
        path,
        message: "are together too large for one task: repeat less, or give several tasks",
      });
  }
  if (expires_at !== undefined && Date.parse(expires_at) <= now)
    problems.push({ path: "expires_at", message: "must be in the future" });
  return problems;
}

function firstInstant({ trigger }: TaskRequest, now: number, cron: CronClock): number | null {
  if (trigger.type === "immediate") return now;
  if (trigger.type !== "time") return null;
  if (trigger.at !== undefined) return Date.parse(trigger.at);
  if (trigger.delay_seconds !== undefined) return now + Math.round(trigger.delay_seconds * 1000);
  return trigger.cron === undefined ? null : cron.next(trigger.cron, trigger.timezone, now);
}

async function planTask(tx: Records, task: Task, now: number): Promise<void> {
  const { request } = task;
  if (task.next_at !== null)
    await tx.jobs.enqueue({
      kind: "task-time",
      key: timeKey(task.task_id),
      payload: { taskId: task.task_id },
      runAt: task.next_at,
      maxAttempts: 1000,
    });
  if (request.trigger.type === "no_reply" && request.customer.id !== "*") {
    const conversation = await tx.conversations.findByCustomer({
      id: request.customer.id,
      platform: request.customer.platform,
      shopId: request.customer.shop_id,
    });
    if (conversation?.last_outbound_at != null)
      await queueNoReply(
        tx,
        task,
        conversation.id,
        Math.max(now, conversation.last_outbound_at + request.trigger.after_seconds * 1000),
      );
  }
  if (request.expires_at !== undefined)
    await tx.jobs.enqueue({
      kind: "task-expire",
      key: expireKey(task.task_id),
      payload: { taskId: task.task_id },
      runAt: Date.parse(request.expires_at),
      maxAttempts: 1000,
    });
}

/** Plans the look at a customer's silence. */
export async function queueNoReply(
  tx: Records,
  task: Task,
  conversationId: string,
  runAt: number,
): Promise<void> {
  await tx.jobs.enqueue({
    kind: "task-no-reply",
    key: `silence:${task.task_id}:${conversationId}`,
    payload: { taskId: task.task_id, conversationId },
    runAt,
    maxAttempts: 1000,
  });
}
