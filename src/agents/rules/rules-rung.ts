import { RequestContext } from "@mastra/core/request-context";
import { noopObserve, type ToolExecutionContext } from "@mastra/core/tools";
import { TURN_KEY } from "../../tools/turn-context.ts";
import { type AgentQuestion, NO_TOKENS } from "../answer.ts";
import { wordsOfTurn } from "../case-prompt.ts";
import { MOST_STEPS, type Rung } from "../ladder.ts";
import { outcomeOf, type WatchedTurn } from "../turn-watch.ts";
import { exchangesOf, type NextStep, type Situation, type ToolUse } from "./situation.ts";

/** A tool of an agent; calling it checks what goes in and what comes out. */
export type RulesTool = {
  execute?: ((input: never, context: ToolExecutionContext) => Promise<unknown>) | undefined;
};

/** Words further back have had their reply, or their time has passed. */
const UNANSWERED_LINES = 4;

/**
 * The rules as the ladder's last rung. They are a function and no language model, so they call the agent's tools
 * themselves: an agent loop around them took more time than all the rest of a turn (decision 0014).
 */
export function createRulesRung({
  decide,
  tools,
}: {
  decide: (situation: Situation) => NextStep;
  tools: Readonly<Record<string, RulesTool>>;
}): Rung {
  return {
    name: "rules",
    isModel: false,
    async ask(question, turn, { watched }) {
      const requestContext = new RequestContext();
      requestContext.set(TURN_KEY, turn);
      const context: ToolExecutionContext = { requestContext, observe: noopObserve };
      const situation = situationOf(question);
      while (situation.done.length < MOST_STEPS) {
        const step = decide(situation);
        if (step.type === "say")
          return { text: step.text, tools: situation.done.map(({ tool }) => tool), usage: NO_TOKENS };
        situation.done.push(await use(step, context, watched));
      }
      throw new Error("did not come to an end");
    },
  };

  async function use(
    { tool, input }: Extract<NextStep, { type: "call" }>,
    context: ToolExecutionContext,
    watched: WatchedTurn,
  ): Promise<ToolUse> {
    const execute = tools[tool]?.execute;
    if (execute === undefined) throw new Error(`there is no tool ${tool}`);
    const ended = watched.toolBegins(tool, input);
    let output: unknown;
    try {
      output = await execute(input as never, context);
    } catch (error) {
      ended("broken", error);
      throw error;
    }
    const outcome = outcomeOf(output);
    ended(outcome, output);
    if (outcome === "wrong") throw new Error(`${tool} was called wrongly`);
    return { tool, input, output };
  }
}

/** The facts, and the buyer's words that no reply has followed yet. */
function situationOf(question: AgentQuestion): Situation {
  const { facts, transcript, prompt } = question;
  const recent = transcript.slice(-UNANSWERED_LINES);
  const unanswered = recent.slice(recent.findLastIndex(({ role }) => role === "assistant") + 1);
  return {
    facts: prompt === undefined ? facts : { ...facts, task_prompt: prompt },
    earlier: exchangesOf(transcript.slice(0, transcript.length - unanswered.length)),
    messages: [...unanswered.map(({ text }) => text), wordsOfTurn(question)],
    done: [],
  };
}
