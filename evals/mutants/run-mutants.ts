import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readScenarios } from "../scenarios/read-scenarios.ts";
import { inParallel } from "../trials/in-parallel.ts";
import { inProcess, Stalled } from "../trials/in-process.ts";
import { TRIAL_WORKER, type Trial } from "../trials/run-trials.ts";
import { MUTANT_VARIABLE, type Mutant, mutate, readMutants } from "./mutant.ts";

const LOADER = fileURLToPath(new URL("./load-mutant.ts", import.meta.url));
const STALLED_AFTER_MS = 60_000;
const CONFIG = "config/";

export type MutantResult = Pick<Mutant, "id" | "area" | "means"> & {
  /** The first scenario that does not come out right, and how; null: nothing noticed the fault. */
  caughtBy: { scenario: string; problem: string } | null;
};

/** Plays every scenario with one fault put in, until one of them comes out wrong; fault after fault. */
export async function runMutants(
  processes: number,
  onMutant: (result: MutantResult) => void,
): Promise<MutantResult[]> {
  return await inParallel(readMutants(), processes, async (mutant) => {
    const result = await tryOut(mutant);
    onMutant(result);
    return result;
  });
}

async function tryOut(mutant: Mutant): Promise<MutantResult> {
  const { id, area, means, agent, first, file } = mutant;
  const isConfig = file.startsWith(CONFIG);
  const dir = mkdtempSync(join(tmpdir(), "tianwang-mutant-"));
  try {
    const configDir = isConfig ? mutatedConfig(mutant, dir) : "config";
    const ids = readScenarios(agent).map((scenario) => scenario.id);
    const jobs = [...first, ...ids.filter((it) => !first.includes(it))].map((scenario) => ({
      scenario,
      trial: "plain",
    }));
    const trials = await inProcess<Trial>(
      TRIAL_WORKER,
      { agent, jobs, configDir, model: null },
      {
        ...(isConfig ? {} : { execArgv: ["--import", LOADER], env: { [MUTANT_VARIABLE]: id } }),
        until: ({ problems }) => problems.length > 0,
        withinMs: STALLED_AFTER_MS,
      },
    );
    const wrong = trials.find(({ problems }) => problems.length > 0);
    const caughtBy =
      wrong === undefined ? null : { scenario: wrong.scenario, problem: wrong.problems[0] ?? "" };
    return { id, area, means, caughtBy };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { id, area, means, caughtBy: { scenario: "-", problem: error.message } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function mutatedConfig(mutant: Mutant, dir: string): string {
  const copy = join(dir, "config");
  cpSync(CONFIG, copy, { recursive: true });
  const path = join(copy, mutant.file.slice(CONFIG.length));
  writeFileSync(path, mutate(readFileSync(path, "utf8"), mutant));
  return copy;
}
