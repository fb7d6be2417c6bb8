import type { Bill } from "../models/meter.ts";
import type { MutantResult } from "../mutants/run-mutants.ts";
import type { EvaluatedAgent, Scenario } from "../scenarios/scenario.ts";
import { meanPassHatK } from "../trials/pass-hat-k.ts";
import type { Trial } from "../trials/run-trials.ts";
import type { SetScore } from "../understanding/score.ts";
import type { Coverage } from "./coverage.ts";

export const OFTEN = 4;

export type PassRates = { scenarios: number; pass_1: number | null; pass_4: number | null };
export type AgentReport = PassRates & {
  trials: number;
  by_tool: Record<string, PassRates>;
  by_intent: Record<string, PassRates>;
  by_disturbance: Record<string, { trials: number; passed: number }>;
  /** How many turns each rung of the ladder answered, undisturbed. */
  by_rung: Record<string, number>;
  failed: { scenario: string; title: string; trial: string; problems: string[] }[];
};
export type Gate = { name: string; bar: string; value: string; passed: boolean };
export type Report = {
  model: string;
  gates: Gate[];
  agents: Partial<Record<EvaluatedAgent, AgentReport>>;
  coverage: Coverage;
  understanding: Record<string, SetScore>;
  mutants: MutantResult[] | null;
  /** Of a real model: what it cost, and what the judge said. */
  asked: {
    bill: Bill;
    is_stopped: boolean;
    judge: string | null;
    verdicts: JudgedScenario[];
  } | null;
};
/** meets is null when the judge gave no verdict. */
export type JudgedScenario = {
  agent: EvaluatedAgent;
  scenario: string;
  criterion: string;
  meets: boolean | null;
  why: string;
};

/** Pass rates of an agent over all its trials; scenarios count once each (τ-bench's pass^k). */
export function reportAgent(scenarios: readonly Scenario[], trials: readonly Trial[]): AgentReport {
  const byScenario = new Map(
    scenarios.map((scenario) => [scenario.id, trials.filter((trial) => trial.scenario === scenario.id)]),
  );
  const played = [...byScenario.values()].filter((own) => own.length > 0);
  const plain = trials.filter(({ trial }) => trial === "plain");
  const where = (touches: (trial: Trial) => boolean) =>
    ratesOf([...byScenario.values()].filter((own) => own.some((it) => plain.includes(it) && touches(it))));
  const tools = namesIn(plain.map(({ outcome }) => outcome?.tools ?? []));
  const intents = namesIn(plain.map(({ outcome }) => outcome?.intents ?? []));
  const rungs = plain.flatMap(({ outcome }) => outcome?.rungs ?? []);
  return {
    ...ratesOf(played),
    trials: trials.length,
    by_tool: Object.fromEntries(
      tools.map((tool) => [tool, where(({ outcome }) => outcome?.tools.includes(tool) === true)]),
    ),
    by_intent: Object.fromEntries(
      intents.map((intent) => [intent, where(({ outcome }) => outcome?.intents.includes(intent) === true)]),
    ),
    by_disturbance: Object.fromEntries(
      namesIn(trials.map(({ trial }) => [trial])).map((name) => {
        const own = trials.filter(({ trial }) => trial === name);
        return [name, { trials: own.length, passed: own.filter(hasPassed).length }];
      }),
    ),
    by_rung: Object.fromEntries(
      namesIn([rungs]).map((rung) => [rung, rungs.filter((it) => it === rung).length]),
    ),
    failed: trials
      .filter((trial) => !hasPassed(trial))
      .map(({ scenario: id, trial, problems }) => ({
        scenario: id,
        title: scenarios.find((scenario) => scenario.id === id)?.title ?? "",
        trial,
        problems,
      })),
  };
}

function ratesOf(played: readonly Trial[][]): PassRates {
  const counts = played.map((own) => ({ passed: own.filter(hasPassed).length, trials: own.length }));
  return {
    scenarios: played.length,
    pass_1: meanPassHatK(counts, 1),
    pass_4: meanPassHatK(counts, OFTEN),
  };
}

function hasPassed({ problems }: Trial): boolean {
  return problems.length === 0;
}

function namesIn(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}
