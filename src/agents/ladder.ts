import type { Agent } from "@mastra/core/agent";
import { RequestContext } from "@mastra/core/request-context";
import type { CaseFacts } from "../domain/conversations/case-facts.ts";
import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { TURN_KEY, type TurnContext } from "../tools/turn-context.ts";
import type { AgentAnswer, AgentQuestion, AnswerAgent } from "./answer.ts";
import { writeCaseFacts } from "./case-prompt.ts";

export type Rung = {
  name: string;
  agent: Agent;
  /** Null: no limit of its own (the rules need none). */
  timeoutMs: number | null;
  /** How many lines of the past it is shown; the rules read only what no reply has followed yet. */
  transcriptLines: number;
};

export type PromiseGuard = (text: string, conversationId: string) => Promise<string | null>;

const MOST_STEPS = 8;

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
          const answer = await ask(rung, question, turn);
          const broken = rung.timeoutMs === null ? null : await guard(answer.text, question.conversationId);
          if (broken !== null) throw new Error(`promised "${broken}" without the state`);
          return answer;
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

  async function ask(
    { name, agent, timeoutMs, transcriptLines }: Rung,
    question: AgentQuestion,
    turn: TurnContext,
  ): Promise<AgentAnswer> {
    const requestContext = new RequestContext();
    requestContext.set(TURN_KEY, turn);
    const tools: string[] = [];
    let fault: string | null = null;
    const stop = new AbortController();
    const timer =
      timeoutMs === null
        ? null
        : setTimeout(() => stop.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const aborted = new Promise<never>((_resolve, reject) => {
      stop.signal.addEventListener("abort", () => reject(stop.signal.reason as Error), { once: true });
    });
    aborted.catch(() => {});
    try {
      const generated = agent.generate(messagesOf(question, transcriptLines), {
        requestContext,
        maxSteps: MOST_STEPS,
        abortSignal: stop.signal,
        onStepFinish: (step) => {
          for (const result of step.toolResults ?? []) {
            const { toolName, result: output, isError } = result.payload;
            tools.push(toolName);
            if (isError === true || isToolFault(output)) fault = `${toolName} was called wrongly`;
          }
          // A call of a tool that does not exist gets no result at all.
          if ((step.toolCalls?.length ?? 0) > (step.toolResults?.length ?? 0))
            fault ??= "a tool call has no result";
          if (fault !== null) stop.abort(new Error(fault));
        },
      });
      generated.catch(() => {});
      const result = await Promise.race([generated, aborted]);
      if (result.error !== undefined) throw result.error;
      if (fault !== null) throw new Error(fault);
      // The rules may choose to say nothing; a model that says nothing has failed.
      if (result.text.trim() === "" && turn.attachments.length === 0 && timeoutMs !== null)
        throw new Error("empty answer");
      if (result.finishReason === "tool-calls") throw new Error("did not come to an end");
      return { text: result.text, attachments: turn.attachments, rung: name, tools, versions: versions() };
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }
}

type PromptMessage =
  | { role: "system"; content: string }
  | { role: "user"; content: string }
  | { role: "assistant"; content: string };

function messagesOf({ facts, transcript, messages, prompt }: AgentQuestion, lines: number): PromptMessage[] {
  const all: CaseFacts = prompt === undefined ? facts : { ...facts, task_prompt: prompt };
  const said = transcript
    .slice(-lines)
    .map((line): PromptMessage => ({ role: line.role, content: line.text }));
  const now =
    messages.length > 0
      ? messages.join("\n")
      : prompt === undefined
        ? "（买家发来图片，没有文字）"
        : "（按任务要求写给买家）";
  return [{ role: "system", content: writeCaseFacts(all) }, ...said, { role: "user", content: now }];
}

/** Mastra hands a wrong call back to the model as a result like this. */
function isToolFault(output: unknown): boolean {
  return output !== null && typeof output === "object" && "error" in output && output.error === true;
}
