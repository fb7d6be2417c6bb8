import { errorText } from "../../src/domain/errors.ts";
import type { JudgedScenario } from "../report/report.ts";
import type { ChosenScenarios } from "../scenarios/scenario.ts";
import { inParallel } from "../trials/in-parallel.ts";
import type { Trial } from "../trials/run-trials.ts";
import { createCriteriaJudge } from "./judge-criteria.ts";
import type { Meter } from "./meter.ts";

/** What records cannot show is asked of the undisturbed stories only. */
export async function judgeAll(
  chosen: readonly ChosenScenarios[],
  trials: readonly Trial[],
  { name, meter, concurrency }: { name: string; meter: Meter; concurrency: number },
): Promise<JudgedScenario[]> {
  const { createOpenAI } = await import("@ai-sdk/openai");
  const model = createOpenAI({ baseURL: meter.url, apiKey: "none" }).chat(name);
  const judge = createCriteriaJudge(model as unknown as Parameters<typeof createCriteriaJudge>[0]);
  const told = chosen.flatMap(({ agent, scenarios }) =>
    scenarios.flatMap(({ id, expect }) => {
      const played = trials.find((it) => it.agent === agent && it.scenario === id && it.trial === "plain");
      if (played?.outcome == null) return [];
      const { transcript } = played.outcome;
      return expect.judged.map((criterion) => ({ agent, scenario: id, criterion, transcript }));
    }),
  );
  return await inParallel(told, concurrency, async ({ agent, scenario, criterion, transcript }) => {
    try {
      return { agent, scenario, ...(await judge(criterion, transcript)) };
    } catch (error) {
      return { agent, scenario, criterion, meets: null, why: errorText(error) };
    }
  });
}
