import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { TurnContext } from "../tools/turn-context.ts";
import type { AgentQuestion, AnswerAgent } from "./answer.ts";

/** Who may answer a turn: a model behind the shop's agent, or the rules. */
export type Rung = {
  name: string;
  /** What a model says is looked at before a buyer reads it; the rules say only what tools told them. */
  isModel: boolean;
  /** @throws whatever keeps it from a usable answer */
  ask(question: AgentQuestion, turn: TurnContext): Promise<{ text: string; tools: string[] }>;
};

export type PromiseGuard = (text: string, conversationId: string) => Promise<string | null>;

/** After so many calls for one answer it goes round in circles. */
export const MOST_STEPS = 8;

/**
 * Asks the rungs in order until one gives a usable answer. A rung that is slow, down, empty, calls a tool wrongly or
 * promises a state that does not exist is left for the next one, within the same turn; the last rung always answers.
 * Tools are safe to repeat within a turn, so what an abandoned rung wrote is found, not doubled.
 */
export function createLadder(deps: {
  rungs: Rung[];
  guard: PromiseGuard;
  versions: () => Record<string, string>;
  sorry: () => string;
  log: Log;
}): AnswerAgent {
  const { rungs, guard, versions, sorry, log } = deps;
  return {
    async answer(question) {
      for (const rung of rungs) {
        const turn: TurnContext = {
          conversationId: question.conversationId,
          turnId: question.turnId,
          attachments: [],
        };
        try {
          const { text, tools } = await rung.ask(question, turn);
          const broken = rung.isModel ? await guard(text, question.conversationId) : null;
          if (broken !== null) throw new Error(`promised "${broken}" without the state`);
          return { text, attachments: turn.attachments, rung: rung.name, tools, versions: versions() };
        } catch (error) {
          log.warn("ladder.rung_failed", {
            rung: rung.name,
            turnId: question.turnId,
            error: errorText(error).slice(0, 300),
          });
        }
      }
      return { text: sorry(), attachments: [], rung: "none", tools: [], versions: versions() };
    },
  };
}

/** Mastra answers a wrong call of a tool with a result like this. */
export function isToolFault(output: unknown): boolean {
  return output !== null && typeof output === "object" && "error" in output && output.error === true;
}
