/** What was promised and what was seen while a service was killed again and again. */
export type History = {
  /** Messages the service acknowledged. */
  acked: { conversation: string; messageId: string }[];
  /**
   * The messages in the service's records in order of arrival (a redelivery may come behind what was said later), and
   * whether each was answered (or is a person's).
   */
  stored: { messageId: string; isSettled: boolean }[];
  /** Replies as the buyer saw them: once per key. */
  shown: { conversation: string; key: string; inReplyTo: string | null; text: string }[];
  /** Tasks that got a 200, with the text that each sends. */
  tasks: { id: string; text: string; status: string }[];
  /** Reports of tasks' ends, by webhook id. */
  reports: { taskId: string; webhookId: string }[];
};

/** Every way in which a history breaks the promise: lost, doubled, out of order, not reported. Empty: it was kept. */
export function findProblems(history: History): string[] {
  return [...judgeMessages(history), ...judgeOrder(history), ...judgeTasks(history)];
}

function judgeMessages({ acked, stored }: History): string[] {
  const problems: string[] = [];
  const copies = new Map<string, number>();
  const settled = new Set<string>();
  for (const { messageId, isSettled } of stored) {
    copies.set(messageId, (copies.get(messageId) ?? 0) + 1);
    if (isSettled) settled.add(messageId);
  }
  for (const { messageId } of acked) {
    if (!copies.has(messageId))
      problems.push(`lost: message ${messageId} was acknowledged and is not stored`);
    else if (!settled.has(messageId)) problems.push(`lost: message ${messageId} was never answered`);
  }
  for (const [messageId, count] of copies)
    if (count > 1) problems.push(`doubled: message ${messageId} is stored ${count} times`);
  return problems;
}

/** A reply answers everything up to the message it names, so the names of a conversation's replies only go forward. */
function judgeOrder({ stored, shown }: History): string[] {
  const problems: string[] = [];
  const place = new Map(stored.map(({ messageId }, at) => [messageId, at]));
  const last = new Map<string, number>();
  const answered = new Set<string>();
  for (const { conversation, inReplyTo, key } of shown) {
    if (inReplyTo === null) continue;
    if (answered.has(inReplyTo))
      problems.push(`doubled: message ${inReplyTo} was answered under two keys (${key})`);
    answered.add(inReplyTo);
    const at = place.get(inReplyTo) ?? -1;
    if (at < (last.get(conversation) ?? -1))
      problems.push(`order: ${conversation} was answered backwards at ${inReplyTo}`);
    last.set(conversation, Math.max(at, last.get(conversation) ?? -1));
  }
  return problems;
}

function judgeTasks({ tasks, shown, reports }: History): string[] {
  const problems: string[] = [];
  for (const { id, text, status } of tasks) {
    const seen = shown.filter((reply) => reply.text === text).length;
    if (seen > 1) problems.push(`doubled: task ${id} was seen ${seen} times`);
    if (status === "completed" && seen === 0)
      problems.push(`lost: task ${id} is completed and was never seen`);
    if (status !== "completed" && seen > 0) problems.push(`record: task ${id} was seen and is ${status}`);
    if (status === "firing" || status === "missing") problems.push(`lost: task ${id} is ${status}`);
    const ids = new Set(reports.filter((report) => report.taskId === id).map((report) => report.webhookId));
    const isEnded = ["completed", "failed", "cancelled", "expired"].includes(status);
    if (isEnded && ids.size !== 1)
      problems.push(`report: the end of task ${id} was reported under ${ids.size} ids`);
  }
  return problems;
}
