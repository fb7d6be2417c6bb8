import type { Agent } from "@mastra/core/agent";
import { RequestContext } from "@mastra/core/request-context";
import type { CaseFacts } from "../domain/conversations/case-facts.ts";
import { TURN_KEY, type TurnContext } from "../tools/turn-context.ts";
import type { AgentQuestion } from "./answer.ts";
import { wordsOfTurn, writeCaseFacts } from "./case-prompt.ts";
import { isToolFault, MOST_STEPS, type Rung } from "./ladder.ts";

const TRANSCRIPT_LINES = 20;

/** The shop's agent on a model: it is given time and told everything, and its answer must be whole. */
export function createModelRung({
  name,
  agent,
  timeoutMs,
}: {
  name: string;
  agent: Agent;
  timeoutMs: number;
}): Rung {
  return { name, isModel: true, ask };

  async function ask(question: AgentQuestion, turn: TurnContext): Promise<{ text: string; tools: string[] }> {
    const requestContext = new RequestContext();
    requestContext.set(TURN_KEY, turn);
    const tools: string[] = [];
    let fault: string | null = null;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const aborted = new Promise<never>((_resolve, reject) => {
      stop.signal.addEventListener("abort", () => reject(stop.signal.reason as Error), { once: true });
    });
    aborted.catch(() => {});
    try {
      const generated = agent.generate(messagesOf(question), {
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
      if (result.text.trim() === "" && turn.attachments.length === 0) throw new Error("empty answer");
      if (result.finishReason === "tool-calls") throw new Error("did not come to an end");
      return { text: result.text, tools };
    } finally {
      clearTimeout(timer);
    }
  }
}

type PromptMessage =
  | { role: "system"; content: string }
  | { role: "user"; content: string }
  | { role: "assistant"; content: string };

function messagesOf(question: AgentQuestion): PromptMessage[] {
  const { facts, transcript, prompt } = question;
  const all: CaseFacts = prompt === undefined ? facts : { ...facts, task_prompt: prompt };
  const said = transcript
    .slice(-TRANSCRIPT_LINES)
    .map((line): PromptMessage => ({ role: line.role, content: line.text }));
  return [
    { role: "system", content: writeCaseFacts(all) },
    ...said,
    { role: "user", content: wordsOfTurn(question) },
  ];
}
