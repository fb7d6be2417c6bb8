import { readFileSync } from "node:fs";
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { Agent } from "@mastra/core/agent";
import { createScorer, runEvals } from "@mastra/core/evals";
import type { MastraModelConfig } from "@mastra/core/llm";
import { getAssistantMessageFromRunOutput } from "@mastra/evals/scorers/utils";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { openShop, play } from "./play.ts";
import { judge, outcomeSchema, type Scenario, scenarioSchema } from "./scenario.ts";

const LEAST_SCENARIOS = 24;
const scenarios = z
  .array(scenarioSchema)
  .parse(parse(readFileSync(new URL("./scenarios.yaml", import.meta.url), "utf8")));
const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));

let shop: Awaited<ReturnType<typeof openShop>>;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

/** The whole service as the evaluated agent: told a scenario, it plays it and answers with the final records. */
function shopAsAgent(): Agent {
  const model: LanguageModelV4 = {
    specificationVersion: "v4",
    provider: "tianwang",
    modelId: "whole-service",
    supportedUrls: {},
    async doGenerate({ prompt }) {
      const last = prompt.findLast((message) => message.role === "user");
      const id =
        last?.role === "user"
          ? last.content.map((part) => (part.type === "text" ? part.text : "")).join("")
          : "";
      const outcome = await play(shop.service, theScenario(id));
      return {
        content: [{ type: "text", text: JSON.stringify(outcome) }],
        finishReason: { unified: "stop", raw: undefined },
        usage: {
          inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 0, text: 0, reasoning: 0 },
        },
        warnings: [],
      };
    },
    doStream: () => Promise.reject(new Error("the evals do not stream")),
  };
  return new Agent({
    id: "whole-shop",
    name: "whole shop",
    instructions: "plays scenarios",
    model: model as unknown as MastraModelConfig,
  }) as unknown as Agent;
}

function theScenario(id: string): Scenario {
  const scenario = byId.get(id);
  if (scenario === undefined) throw new Error(`no scenario ${id}`);
  return scenario;
}

const problems = new Map<string, string[]>();

/** 1 only if every record is as it should be and nothing forbidden was said. */
const finalRecords = createScorer({
  id: "final-records",
  description: "The final records and words of a scenario are as expected",
  type: "agent",
}).generateScore(({ run }) => {
  const { id, expected } = z
    .object({ id: z.string(), expected: scenarioSchema.shape.expect })
    .parse(run.groundTruth);
  const outcome = outcomeSchema.parse(JSON.parse(getAssistantMessageFromRunOutput(run.output) ?? "{}"));
  const found = judge(outcome, expected);
  if (found.length > 0) problems.set(id, found);
  return found.length === 0 ? 1 : 0;
});

it(`plays ${scenarios.length} scenarios to the right final records`, { timeout: 120_000 }, async () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(LEAST_SCENARIOS);

  const result = await runEvals({
    target: shopAsAgent(),
    data: scenarios.map(({ id, expect: expected }) => ({ input: id, groundTruth: { id, expected } })),
    scorers: [finalRecords],
    concurrency: 4,
  });

  expect(Object.fromEntries(problems)).toEqual({});
  expect(result.summary.totalItems).toBe(scenarios.length);
  expect(result.scores["final-records"]).toBe(1);
});

it("finds a wrong record: the judge is not blind", () => {
  const expected = theScenario("enlarge").expect;
  const right = {
    orders: [{ kind: "process" as const, status: "delivered" as const, total_fen: 2000, revisions: 1 }],
    handoffs: [],
    replies: [],
    tools: ["process-image", "update-order"],
  };

  expect(judge(right, expected)).toEqual([]);
  expect(judge({ ...right, orders: [] }, expected)).not.toEqual([]);
  expect(
    judge({ ...right, orders: right.orders.map((order) => ({ ...order, total_fen: 1999 })) }, expected),
  ).not.toEqual([]);
  expect(judge({ ...right, handoffs: ["complaint"] }, expected)).not.toEqual([]);
  expect(judge({ ...right, tools: ["process-image"] }, expected)).not.toEqual([]);
});
