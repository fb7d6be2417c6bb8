import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { RequestContext } from "@mastra/core/request-context";
import { createTool } from "@mastra/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TURN_KEY, type TurnContext } from "../../tools/turn-context.ts";
import type { AgentQuestion } from "../answer.ts";
import { NO_FACTS, writeCaseFacts } from "../case-prompt.ts";
import { MOST_STEPS } from "../ladder.ts";
import { UNWATCHED } from "../turn-watch.ts";
import { createRulesModel } from "./rules-model.ts";
import { createRulesRung } from "./rules-rung.ts";
import type { NextStep, Situation } from "./situation.ts";

/** A tool that counts what it was given and says in which turn. */
const count = createTool({
  id: "count",
  description: "count",
  inputSchema: z.object({ words: z.array(z.string()), note: z.string().optional() }),
  outputSchema: z.object({ words: z.int(), turn: z.string(), note: z.string().nullable() }),
  execute: async ({ words, note }, { requestContext }) => {
    const turn = requestContext?.get(TURN_KEY) as TurnContext;
    turn.attachments.push({ type: "text", text: words.join("+") });
    return { words: words.length, turn: turn.turnId, note: note ?? null };
  },
});

const steps = fc.array(
  fc.record(
    { words: fc.array(fc.string(), { maxLength: 3 }), note: fc.string() },
    { requiredKeys: ["words"] },
  ),
  { maxLength: MOST_STEPS - 1 },
);
const line = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");
const question = fc.record({
  transcript: fc.array(
    fc.record({ role: fc.constantFrom("user" as const, "assistant" as const), text: line }),
    {
      maxLength: 4,
    },
  ),
  messages: fc.array(line, { maxLength: 3 }),
  goods: fc.option(fc.string()),
});

describe("the rules on the ladder", () => {
  it("see and do in every situation what they do as a model behind the agent", async () => {
    await fc.assert(
      fc.asyncProperty(question, steps, async ({ transcript, messages, goods }, calls) => {
        const asked: AgentQuestion = {
          agent: "shop",
          conversationId: "c",
          customerId: "u",
          platform: "p",
          turnId: "t1",
          transcript,
          messages,
          facts: { ...NO_FACTS, goods },
        };

        const onLadder = recorded(calls);
        const rungTurn = aTurn();
        const rung = createRulesRung({ decide: onLadder.decide, tools: { count } });
        const answer = await rung.ask(asked, rungTurn, { watched: UNWATCHED });

        const asModel = recorded(calls);
        const agentTurn = aTurn();
        const text = await throughAgent(createRulesModel(asModel.decide), asked, agentTurn);

        expect(onLadder.seen.map(withoutOpening)).toEqual(asModel.seen.map(withoutOpening));
        expect(answer).toMatchObject({ text, tools: calls.map(() => "count") });
        expect(rungTurn).toEqual(agentTurn);
      }),
      { numRuns: 40 },
    );
  });
});

/** Mastra opens a talk that begins with the assistant by a "." of the user's. */
function withoutOpening(situation: Situation): Situation {
  return { ...situation, earlier: situation.earlier.filter(({ words }) => words !== ".") };
}

/** Makes the calls one after the other, then says what it saw; keeps what it was shown. */
function recorded(calls: Record<string, unknown>[]) {
  const seen: Situation[] = [];
  return {
    seen,
    decide(situation: Situation): NextStep {
      seen.push(structuredClone(situation));
      const input = calls[situation.done.length];
      return input === undefined
        ? { type: "say", text: `seen ${situation.messages.join("|")}` }
        : { type: "call", tool: "count", input };
    },
  };
}

function aTurn(): TurnContext {
  return { conversationId: "c", turnId: "t1", attachments: [], searches: [] };
}

async function throughAgent(
  model: ReturnType<typeof createRulesModel>,
  { facts, transcript, messages }: AgentQuestion,
  turn: TurnContext,
): Promise<string> {
  const agent = new Agent({
    id: "shop",
    name: "shop",
    instructions: "x",
    model: model as unknown as MastraModelConfig,
    tools: { count },
    maxRetries: 0,
  });
  const requestContext = new RequestContext();
  requestContext.set(TURN_KEY, turn);
  const words = messages.length === 0 ? "（买家发来图片，没有文字）" : messages.join("\n");
  const said = transcript.map(({ role, text }) => ({ role, content: text }));
  const { text } = await agent.generate(
    [
      { role: "system", content: writeCaseFacts(facts) },
      ...(said as { role: "user"; content: string }[]),
      { role: "user", content: words },
    ],
    { requestContext, maxSteps: MOST_STEPS },
  );
  return text;
}
