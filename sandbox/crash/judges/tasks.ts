import type { History, Problem, TaskSeen } from "../history.ts";

const ENDED = ["completed", "failed", "cancelled", "expired"];

/** Every task that was taken has fired once and is reported once, or waits for its occasion; what failed says why. */
export function judgeTasks({ tasks, shown, reports }: History): Problem[] {
  const seen = new Map<string, number>();
  for (const { text } of shown) seen.set(text, (seen.get(text) ?? 0) + 1);
  const ids = new Map<string, Set<string>>();
  for (const { taskId, webhookId } of reports) ids.set(taskId, (ids.get(taskId) ?? new Set()).add(webhookId));
  return tasks.flatMap((task) => [
    ...judgeFiring(task, seen.get(task.text) ?? 0),
    ...judgeReport(task, ids.get(task.id)?.size ?? 0),
  ]);
}

function judgeFiring({ id, status, error, isDue }: TaskSeen, times: number): Problem[] {
  const problems: Problem[] = [];
  if (times > 1) problems.push({ kind: "doubled", text: `task ${id} was seen ${times} times` });
  if (status === "completed" && times === 0)
    problems.push({ kind: "lost", text: `task ${id} is completed and was never seen` });
  // Whether words went out whose answer is in doubt nobody knows: failed then, with that cause.
  if (times > 0 && status !== "completed" && error !== "delivery_uncertain")
    problems.push({ kind: "record", text: `task ${id} was seen and is ${status}` });
  if (status === "firing" || status === "missing")
    problems.push({ kind: "lost", text: `task ${id} is ${status}` });
  if (status === "pending" && isDue)
    problems.push({ kind: "lost", text: `task ${id} is due and still pending` });
  if (status === "failed" && error === null)
    problems.push({ kind: "record", text: `task ${id} failed and does not say why` });
  return problems;
}

function judgeReport({ id, status }: TaskSeen, webhookIds: number): Problem[] {
  if (ENDED.includes(status) && webhookIds !== 1)
    return [{ kind: "report", text: `the end of task ${id} was reported under ${webhookIds} ids` }];
  if (!ENDED.includes(status) && webhookIds > 0)
    return [{ kind: "report", text: `an end of task ${id} was reported and it is ${status}` }];
  return [];
}
