import type { CaseFacts } from "../domain/conversations/case-facts.ts";
import type { Part } from "../domain/conversations/message.ts";

export type TranscriptLine = { role: "user" | "assistant"; text: string };

export type AgentQuestion = {
  conversationId: string;
  customerId: string;
  platform: string;
  turnId: string;
  /** What was said before this turn, oldest first. */
  transcript: TranscriptLine[];
  /** The buyer's words of this turn, one string per message. */
  messages: string[];
  facts: CaseFacts;
  /** A task's own prompt, when a task asks the agent to write. */
  prompt?: string;
  signal?: AbortSignal;
};

export type AgentAnswer = {
  /** Words for the buyer; empty: nothing is to be said. */
  text: string;
  attachments: Part[];
  /** Which rung of the ladder answered. */
  rung: string;
  tools: string[];
  versions: Record<string, string>;
};

/** Whoever answers a turn. Never throws for a model's fault: it falls to the next rung. */
export type AnswerAgent = { answer(question: AgentQuestion): Promise<AgentAnswer> };
