import type { AgentName } from "../domain/conversations/agent-of.ts";
import type { CaseFacts } from "../domain/conversations/case-facts.ts";
import type { Part } from "../domain/conversations/message.ts";
import type { KnowledgeUse } from "../domain/knowledge/knowledge-use.ts";

export type TranscriptLine = { role: "user" | "assistant"; text: string };

/** Takes an answer's next words as they come; it may throw to end the answer. */
export type TextSink = (words: string) => Promise<void>;

export type AgentQuestion = {
  agent: AgentName;
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
  /** When an earlier run of this turn read its case (UTC ms), which may have done what is asked for; absent: none did. */
  firstRunAt?: number;
  /** Comes before each tool that writes; when it throws the tool does not run. */
  beforeWrite?: () => Promise<void>;
  /** Whoever waits for the words one by one; together they are the answer's text. */
  onText?: TextSink;
};

/** Tokens that models have taken and given; the rules take none. */
export type TokenUsage = { input: number; output: number };
export const NO_TOKENS: TokenUsage = { input: 0, output: 0 };

export type AgentAnswer = {
  /** Words for the buyer; empty: nothing is to be said. */
  text: string;
  attachments: Part[];
  /** Which rung of the ladder answered. */
  rung: string;
  tools: string[];
  knowledge: KnowledgeUse;
  usage: TokenUsage;
  versions: Record<string, string>;
};

/**
 * Whoever answers a turn. A model's fault falls to the next rung; only when some of its words are out already it throws
 * AppError("answer-cut-off").
 */
export type AnswerAgent = { answer(question: AgentQuestion): Promise<AgentAnswer> };
