import type { History } from "./history.ts";

/**
 * What the checker must catch: a service that acknowledges before it stores and marks a task done after it ran it.
 * Killed at each step in turn, it loses messages and doubles tasks.
 */
export function runNaively({ messages, tasks }: { messages: number; tasks: number }): History {
  const history: History = { acked: [], stored: [], shown: [], tasks: [], reports: [] };
  let step = 0;
  /** True when the process dies here; every third step does. */
  const dies = () => {
    step += 1;
    return step % 3 === 0;
  };

  for (let n = 0; n < messages; n += 1) {
    const messageId = `m${n}`;
    history.acked.push({ conversation: "c", messageId });
    if (dies()) continue;
    history.stored.push({ messageId, isSettled: true });
    history.shown.push({ conversation: "c", key: `k${n}`, inReplyTo: messageId, text: "答" });
  }
  for (let n = 0; n < tasks; n += 1) {
    const id = `t${n}`;
    let isDone = false;
    for (let attempt = 0; !isDone; attempt += 1) {
      history.shown.push({ conversation: "c", key: `${id}-${attempt}`, inReplyTo: null, text: `任务${n}` });
      if (dies()) continue;
      isDone = true;
    }
    history.tasks.push({ id, text: `任务${n}`, status: "completed" });
    history.reports.push({ taskId: id, webhookId: `w${n}` });
  }
  return history;
}
