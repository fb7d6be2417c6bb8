import { z } from "zod";
import { readScenarios } from "../scenarios/read-scenarios.ts";
import { AGENTS } from "../scenarios/scenario.ts";
import { answerOrder } from "./in-process.ts";
import { runTrials, type TrialName } from "./run-trials.ts";

/** What a process of its own is asked to play. */
const orderSchema = z.object({
  agent: z.enum(AGENTS),
  jobs: z.array(z.object({ scenario: z.string(), trial: z.string() })),
  configDir: z.string(),
  model: z
    .object({ name: z.string(), baseUrl: z.string(), apiKey: z.string().nullable(), timeoutMs: z.number() })
    .nullable(),
});
export type WorkerOrder = z.infer<typeof orderSchema>;

answerOrder(async (order, answer) => {
  const { agent, jobs, configDir, model } = orderSchema.parse(order);
  const byId = new Map(readScenarios(agent).map((scenario) => [scenario.id, scenario]));
  const toPlay = jobs.map(({ scenario: id, trial }) => {
    const scenario = byId.get(id);
    if (scenario === undefined) throw new Error(`no scenario ${id}`);
    return { scenario, trial: trial as TrialName };
  });
  await runTrials(agent, toPlay, { model, configDir, onTrial: answer });
});
