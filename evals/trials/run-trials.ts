import { createHash } from "node:crypto";
import { randomOf } from "../../sandbox/random.ts";
import { errorText } from "../../src/domain/errors.ts";
import { judge } from "../scenarios/judge.ts";
import type { Outcome } from "../scenarios/outcome.ts";
import { PLAIN, play } from "../scenarios/play.ts";
import type { EvaluatedAgent, Scenario, World } from "../scenarios/scenario.ts";
import { openStage, type Stage, type StageOptions } from "../scenarios/stage.ts";
import { DISTURBANCES, type Disturbance, type Disturbed, disturb } from "./disturbances.ts";

/** Plays trials in a process of its own. */
export const TRIAL_WORKER = new URL("./worker.ts", import.meta.url);

export type TrialName = "plain" | Disturbance;
export type Trial = {
  agent: EvaluatedAgent;
  scenario: string;
  trial: TrialName;
  /** Empty: passed. */
  problems: string[];
  /** Null where it broke. What is counted of tools and intents is of the plain trial alone. */
  outcome: Outcome | null;
};

/** Of the disturbances each scenario has so many, which ones by its name: all of them together would take too long. */
const MOST_DISTURBANCES = 5;

/** The trials of a scenario; what would make it another story is left out. */
export function trialsOf({ id, undisturbed }: Pick<Scenario, "id" | "undisturbed">): TrialName[] {
  const allowed = DISTURBANCES.filter((it) => !undisturbed.includes(it));
  const first = Math.abs(seedOf(id)) % Math.max(1, allowed.length);
  return ["plain", ...[...allowed.slice(first), ...allowed.slice(0, first)].slice(0, MOST_DISTURBANCES)];
}

/** Every trial that a scenario may have. */
export function allTrialsOf({ undisturbed }: Pick<Scenario, "undisturbed">): TrialName[] {
  return ["plain", ...DISTURBANCES.filter((it) => !undisturbed.includes(it))];
}

/**
 * Plays trials one after another, each as a customer of its own; stages are shared by all that have the same world and
 * let no time pass. A throw is a problem of that trial.
 */
export async function runTrials(
  agent: EvaluatedAgent,
  jobs: readonly { scenario: Scenario; trial: TrialName }[],
  { onTrial, ...around }: StageOptions & { onTrial?: (trial: Trial) => void } = {},
): Promise<Trial[]> {
  const stages = new Map<string, Promise<Stage>>();
  const trials: Trial[] = [];
  for (const { scenario, trial } of jobs) {
    const disturbed: Disturbed =
      trial === "plain"
        ? { scenario, delivery: PLAIN, lenient: new Set() }
        : disturb(scenario, trial, randomOf(seedOf(`${scenario.id} ${trial}`)));
    const done = await one(disturbed, `${scenario.id}~${trial}`);
    const result = { agent, scenario: scenario.id, trial, ...done };
    trials.push(result);
    onTrial?.(result);
  }
  for (const stage of stages.values()) await (await stage).close();
  return trials;

  async function one({ scenario, delivery, lenient }: Disturbed, as: string) {
    const isAlone = letsTimePass(scenario);
    const stage = isAlone ? await openStage(agent, scenario.world, around) : await shared(scenario.world);
    try {
      const played = await play(stage, scenario, { as, delivery });
      return { problems: judge(played, scenario.expect, lenient), outcome: played.outcome };
    } catch (error) {
      return { problems: [`it broke: ${errorText(error)}`], outcome: null };
    } finally {
      Object.assign(stage.hooks, { afterBegin: null, beforeCommit: null, whileWorking: null });
      if (isAlone) await stage.close();
    }
  }

  function shared(world: World): Promise<Stage> {
    const key = JSON.stringify(world);
    const stage = stages.get(key) ?? openStage(agent, world, around);
    stages.set(key, stage);
    return stage;
  }
}

function letsTimePass({ before, steps, world }: Scenario): boolean {
  return (
    world.office_hours || [...before, ...steps].some((step) => "minutes_pass" in step || "breaks" in step)
  );
}

function seedOf(words: string): number {
  return createHash("sha256").update(words).digest().readInt32BE(0);
}
