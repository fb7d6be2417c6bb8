import type { AgentName } from "../domain/conversations/agent-of.ts";
import type { AnswerAgent } from "./answer.ts";

/** Gives each question to the agent it is for. */
export function createAgentRouter(agents: Readonly<Record<AgentName, AnswerAgent>>): AnswerAgent {
  return { answer: async (question) => await agents[question.agent].answer(question) };
}
