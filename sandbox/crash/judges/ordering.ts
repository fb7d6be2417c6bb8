import type { History, Problem } from "../history.ts";

/**
 * A conversation goes forward: its replies come in the order in which they were written, and a reply answers everything
 * up to the message it names, which no other reply names.
 */
export function judgeOrdering({ stored, written, shown }: History): Problem[] {
  const problems: Problem[] = [];
  const placeOfMessage = new Map(stored.map(({ messageId }, at) => [messageId, at]));
  const placeOfReply = new Map(written.map(({ key }, at) => [key, at]));
  const lastMessage = new Map<string, number>();
  const lastReply = new Map<string, number>();
  const answered = new Map<string, string>();
  for (const { conversation, inReplyTo, key } of shown) {
    const replyAt = placeOfReply.get(key) ?? -1;
    if (replyAt < (lastReply.get(conversation) ?? -1))
      problems.push({ kind: "order", text: `${conversation} saw ${key} after what was written later` });
    lastReply.set(conversation, Math.max(replyAt, lastReply.get(conversation) ?? -1));
    if (inReplyTo === null) continue;
    const before = answered.get(inReplyTo);
    if (before !== undefined)
      problems.push({
        kind: "doubled",
        text: `message ${inReplyTo} was answered under ${before} and under ${key}`,
      });
    answered.set(inReplyTo, key);
    const messageAt = placeOfMessage.get(inReplyTo) ?? -1;
    if (messageAt < (lastMessage.get(conversation) ?? -1))
      problems.push({ kind: "order", text: `${conversation} was answered backwards at ${inReplyTo}` });
    lastMessage.set(conversation, Math.max(messageAt, lastMessage.get(conversation) ?? -1));
  }
  return problems;
}
