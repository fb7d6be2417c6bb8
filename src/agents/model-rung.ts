import type { Agent } from "@mastra/core/agent";
import { RequestContext } from "@mastra/core/request-context";
import type { CaseFacts } from "../domain/conversations/case-facts.ts";
import { TURN_KEY, type TurnContext } from "../tools/turn-context.ts";
import type { AgentQuestion } from "./answer.ts";
import { wordsOfTurn, writeCaseFacts } from "./case-prompt.ts";
import { MOST_STEPS, type Rung, type RungAnswer, type RungTold } from "./ladder.ts";
import { outcomeOf } from "./turn-watch.ts";

const TRANSCRIPT_LINES = 20;

/** An agent on a model: it is given time and told everything, and its answer must be whole. */
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

  async function ask(
    question: AgentQuestion,
    turn: TurnContext,
    { watched, onText }: RungTold,
  ): Promise<RungAnswer> {
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
    const leave = () => stop.abort(new Error("nobody waits for the answer any more"));
    question.signal?.addEventListener("abort", leave, { once: true });
    try {
      const options = {
        requestContext,
        maxSteps: MOST_STEPS,
        abortSignal: stop.signal,
        ...(watched.tracing === undefined ? {} : { tracingContext: watched.tracing }),
        onStepFinish: (step: FinishedStep) => {
          for (const result of step.toolResults ?? []) {
            const { toolName, result: output, isError } = result.payload;
            tools.push(toolName);
            const outcome = isError === true ? "broken" : outcomeOf(output);
            watched.toolEnded(toolName, outcome);
            if (outcome === "broken" || outcome === "wrong") fault = `${toolName} was called wrongly`;
          }
          // A call of a tool that does not exist gets no result at all.
          if ((step.toolCalls?.length ?? 0) > (step.toolResults?.length ?? 0))
            fault ??= "a tool call has no result";
          if (fault !== null) stop.abort(new Error(fault));
        },
      };
      const streamed = async () => {
        const output = await agent.stream(messagesOf(question), options);
        for await (const words of output.textStream) await onText?.(words);
        return await output.getFullOutput();
      };
      const generated = onText === undefined ? agent.generate(messagesOf(question), options) : streamed();
      generated.catch(() => {});
      const result = await Promise.race([generated, aborted]);
      if (result.error !== undefined) throw result.error;
      if (fault !== null) throw new Error(fault);
      if (result.text.trim() === "" && turn.attachments.length === 0) throw new Error("empty answer");
      if (result.finishReason === "tool-calls") throw new Error("did not come to an end");
      const { inputTokens, outputTokens } = result.totalUsage;
      return { text: result.text, tools, usage: { input: inputTokens ?? 0, output: outputTokens ?? 0 } };
    } finally {
      clearTimeout(timer);
      question.signal?.removeEventListener("abort", leave);
    }
  }
}

/** What is looked at of a model's finished step. */
type FinishedStep = {
  toolCalls?: readonly unknown[];
  toolResults?: readonly { payload: { toolName: string; result: unknown; isError?: boolean } }[];
};

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
