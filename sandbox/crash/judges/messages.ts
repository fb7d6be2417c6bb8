import type { History, Problem, Written } from "../history.ts";

/** Outcomes after which people see the words in their list, or the chat was a person's when they were to go out. */
const IN_PEOPLES_HANDS = ["uncertain", "cancelled", "deferred", "failed"];

/** Every message that was acknowledged is stored once, and answered once or in a person's hands. */
export function judgeMessages(history: History): Problem[] {
  return [...judgeStored(history), ...judgeAnswers(history), ...judgeOutbox(history)];
}

function judgeStored({ acked, stored }: History): Problem[] {
  const problems: Problem[] = [];
  const copies = new Map<string, number>();
  for (const { messageId } of stored) copies.set(messageId, (copies.get(messageId) ?? 0) + 1);
  for (const { messageId } of acked)
    if (!copies.has(messageId))
      problems.push({ kind: "lost", text: `message ${messageId} was acknowledged and is not stored` });
  for (const [messageId, count] of copies)
    if (count > 1) problems.push({ kind: "doubled", text: `message ${messageId} is stored ${count} times` });
  return problems;
}

function judgeAnswers({ stored, written, shown, silentTurns }: History): Problem[] {
  const problems: Problem[] = [];
  const silent = new Set(silentTurns);
  const seen = new Set(shown.map(({ key }) => key));
  const ofTurn = new Map<string, Written[]>();
  for (const reply of written)
    if (reply.turnId !== null) ofTurn.set(reply.turnId, [...(ofTurn.get(reply.turnId) ?? []), reply]);

  for (const { messageId, status, turnId } of stored) {
    if (status !== "answered" && status !== "held") {
      problems.push({ kind: "lost", text: `message ${messageId} was never answered, it is ${status}` });
      continue;
    }
    if (status === "held") continue;
    const replies = turnId === null ? [] : (ofTurn.get(turnId) ?? []);
    if (turnId !== null && silent.has(turnId) && replies.length === 0) continue;
    if (!replies.some((reply) => seen.has(reply.key) || IN_PEOPLES_HANDS.includes(reply.status)))
      problems.push({ kind: "lost", text: `message ${messageId} counts as answered and no answer was seen` });
  }
  for (const [turnId, replies] of ofTurn)
    if (replies.length > 1)
      problems.push({ kind: "doubled", text: `turn ${turnId} was answered under ${replies.length} keys` });
  return problems;
}

/** What was written went out, and the records say of it what the buyer saw. */
function judgeOutbox({ written, shown }: History): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set(shown.map(({ key }) => key));
  const known = new Set(written.map(({ key }) => key));
  for (const { key, status, error } of written) {
    if (status === "queued" || status === "sending")
      problems.push({ kind: "lost", text: `reply ${key} never went out, it is ${status}` });
    if (status === "sent" && !seen.has(key))
      problems.push({ kind: "lost", text: `reply ${key} counts as sent and was never seen` });
    if (seen.has(key) && ["cancelled", "deferred", "failed"].includes(status))
      problems.push({ kind: "record", text: `reply ${key} was seen and is ${status} (${error ?? "-"})` });
  }
  for (const key of seen)
    if (!known.has(key)) problems.push({ kind: "record", text: `reply ${key} was seen and is not stored` });
  return problems;
}
