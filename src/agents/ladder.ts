import { AppError, errorText } from "../domain/errors.ts";
import { NO_KNOWLEDGE_USED, readKnowledgeUse } from "../domain/knowledge/knowledge-use.ts";
import type { Log } from "../domain/log.ts";
import { redactText } from "../domain/redaction/redact-text.ts";
import type { TurnContext } from "../tools/turn-context.ts";
import {
  type AgentAnswer,
  type AgentQuestion,
  type AnswerAgent,
  NO_TOKENS,
  type TextSink,
  type TokenUsage,
} from "./answer.ts";
import { createSentenceGate } from "./sentence-gate.ts";
import { type TurnWatch, UNWATCHED, type WatchedTurn } from "./turn-watch.ts";

export type RungAnswer = { text: string; tools: string[]; usage: TokenUsage };

/** Who may answer a turn: a model behind an agent, or the rules. */
export type Rung = {
  name: string;
  /** What a model says is looked at before anybody reads it; the rules say only what tools told them. */
  isModel: boolean;
  /** @throws whatever keeps it from a usable answer */
  ask(question: AgentQuestion, turn: TurnContext, told: RungTold): Promise<RungAnswer>;
};
/** Who is told while a rung works; onText takes its words as they come, if it can give them so. */
export type RungTold = { watched: WatchedTurn; onText?: TextSink | undefined };

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
  /** The fixed sentence for what is written down nowhere. */
  unknown: () => string;
  watch?: TurnWatch | undefined;
  log: Log;
}): AnswerAgent {
  const { rungs, guard, versions, sorry, unknown, watch, log } = deps;
  return {
    async answer(question) {
      const watched = watch?.begin(question) ?? UNWATCHED;
      try {
        const answer = await climb(question, watched);
        watched.end(answer);
        return answer;
      } catch (error) {
        watched.end({ failed: error });
        throw error;
      }
    },
  };

  async function climb(question: AgentQuestion, watched: WatchedTurn): Promise<AgentAnswer> {
    for (const rung of rungs) {
      const gate = gateOf(rung, question);
      try {
        return await askRung(rung, question, { gate, watched });
      } catch (error) {
        watched.rungFailed(rung.name, error);
        log.warn("ladder.rung_failed", {
          rung: rung.name,
          turnId: question.turnId,
          error: redactText(errorText(error)).slice(0, 300),
        });
        if (gate?.hasSpoken() === true)
          throw new AppError("answer-cut-off", "the answer broke off", { cause: error });
      }
    }
    const text = sorry();
    await question.onText?.(text);
    return {
      text,
      attachments: [],
      rung: "none",
      tools: [],
      knowledge: NO_KNOWLEDGE_USED,
      usage: NO_TOKENS,
      versions: versions(),
    };
  }

  function gateOf({ isModel }: Rung, { onText, conversationId }: AgentQuestion) {
    if (onText === undefined) return null;
    return createSentenceGate({
      check: async (text) => (isModel ? await guard(text, conversationId) : null),
      forward: onText,
    });
  }

  async function askRung(
    rung: Rung,
    question: AgentQuestion,
    { gate, watched }: { gate: ReturnType<typeof createSentenceGate> | null; watched: WatchedTurn },
  ): Promise<AgentAnswer> {
    const { conversationId, turnId, firstRunAt, beforeWrite } = question;
    const turn: TurnContext = {
      conversationId,
      turnId,
      attachments: [],
      searches: [],
      firstRunAt,
      beforeWrite,
    };
    const answer = await rung.ask(question, turn, { watched, onText: gate?.push });
    const broken = rung.isModel && gate === null ? await guard(answer.text, conversationId) : null;
    if (broken !== null) throw new Error(`promised "${broken}" without the state`);
    const text = gate === null ? answer.text : await gate.finish(answer.text);
    return {
      text,
      attachments: turn.attachments,
      rung: rung.name,
      tools: answer.tools,
      knowledge: readKnowledgeUse(text, turn.searches, unknown()),
      usage: answer.usage,
      versions: versions(),
    };
  }
}
