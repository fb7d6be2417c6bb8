import type { AgentAnswer, AgentQuestion } from "../agents/answer.ts";
import { agentOf } from "../domain/conversations/agent-of.ts";
import type { Conversation } from "../domain/conversations/conversation.ts";
import { type Message, type Part, plainText } from "../domain/conversations/message.ts";
import type { TurnRecord } from "../domain/records.ts";

/** Fixed by its first message, so that a turn that runs again is the same turn. */
export function turnIdOf(first: Pick<Message, "id">): string {
  return `t_${first.id}`;
}

/** Fixed by the turn: should two processes ever run it at once, it is still answered once. */
export function replyIdOf(turnId: string): string {
  return `m_${turnId}`;
}

/** What an agent is asked of a conversation. */
export function questionOf(
  conversation: Conversation,
  {
    messages,
    ...asked
  }: Pick<AgentQuestion, "turnId" | "transcript" | "facts"> & { messages: readonly Message[] },
): AgentQuestion {
  return {
    ...asked,
    agent: agentOf(conversation),
    conversationId: conversation.id,
    customerId: conversation.customer_id,
    platform: conversation.platform,
    messages: messages.map(({ parts }) => plainText(parts)).filter((text) => text !== ""),
  };
}

/**
 * What is said of an answer; empty when nothing is.
 *
 * @param asked - what it answers: a voice may be answered by a voice
 */
export function replyParts(
  { text, attachments }: Pick<AgentAnswer, "text" | "attachments">,
  asked: readonly Pick<Message, "parts">[] = [],
): Part[] {
  const spoken = asked.at(-1)?.parts.some(({ type }) => type === "voice") === true ? { spoken: true } : {};
  const words = text.trim() === "" ? [] : [{ type: "text" as const, text: text.trim(), ...spoken }];
  return [...words, ...attachments];
}

/** What is kept of a turn that ended with these parts. */
export function turnRecord(
  conversation: Conversation,
  { rung, tools, versions, knowledge }: AgentAnswer,
  ended: { turnId: string; parts: readonly Part[]; queuedAt: number; startedAt: number; endedAt: number },
): TurnRecord {
  return {
    id: ended.turnId,
    conversation_id: conversation.id,
    rung,
    outcome: ended.parts.length > 0 ? "answered" : "silent",
    tools,
    versions,
    agent: agentOf(conversation),
    knowledge,
    queued_at: ended.queuedAt,
    started_at: ended.startedAt,
    ended_at: ended.endedAt,
  };
}
