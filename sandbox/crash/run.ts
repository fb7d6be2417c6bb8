import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { STORY_NAMES } from "./buyers.ts";
import { CONTROLS, type Control, FREEZES_OF_CONTROL, isControl } from "./controls.ts";
import { printTable } from "./print-table.ts";
import { runYard, type YardRun } from "./run-yard.ts";

const USAGE = `npm run crash -- [--kills 1000] [--seed N] [--yards N] [--database postgres://… --replicas N [--restart COMMAND]]
                 [--control ${Object.keys(CONTROLS).join("|")}] [--controls]
  --restart   a shell command that restarts the database's server; without it only its connections are cut
  --yards     runs beside each other, each with data of its own (default: one per core)
  --control   takes one guard out of the service: the run must find problems
  --controls  does so with each guard in turn (60 kills each unless said) and fails when a fault is not found`;

const DEFAULT_KILLS = 1_000;
const CONTROL_KILLS = 60;
const LONG_RUN = 100;
const PROGRESS_EVERY = 20;

type Plan = {
  kills: number;
  seed: number;
  yards: number;
  replicas: number;
  database: string | null;
  restart: string | null;
};

process.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: "string" },
      seed: { type: "string" },
      yards: { type: "string" },
      replicas: { type: "string", default: "1" },
      database: { type: "string" },
      restart: { type: "string" },
      control: { type: "string" },
      controls: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const database = values.database ?? null;
  const plan: Plan = {
    kills: Number(values.kills ?? (values.controls ? CONTROL_KILLS : DEFAULT_KILLS)),
    seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
    // Runs beside each other would share a database that is given.
    yards: Number(values.yards ?? (database === null ? availableParallelism() : 1)),
    replicas: Number(values.replicas),
    database,
    restart: values.restart ?? null,
  };
  const wrong = whatIsWrong(plan, values.control);
  if (values.help || wrong !== null) {
    console.log(wrong === null ? USAGE : `${wrong}\n\n${USAGE}`);
    return values.help ? 0 : 1;
  }
  if (values.controls) return await runControls(plan);
  const { control } = values;
  const runs = await runAll(plan, control !== undefined && isControl(control) ? control : null);
  const untried = plan.kills < LONG_RUN ? [] : neverEnded(runs);
  if (untried.length > 0)
    console.log(`No buyer came to the end of: ${untried.join(", ")}. This run proves nothing of it.`);
  return runs.every(({ problems }) => problems.length === 0) && untried.length === 0 ? 0 : 1;
}

/** Stories wait for the shop's own words: when these change, all buyers give up and nothing goes wrong. */
function neverEnded(runs: readonly YardRun[]): string[] {
  return STORY_NAMES.filter((name) => runs.every(({ tally }) => (tally.get(`stories: ${name}`) ?? 0) === 0));
}

function whatIsWrong(
  { kills, seed, yards, replicas, database, restart }: Plan,
  control?: string,
): string | null {
  if (![kills, yards, replicas].every((count) => Number.isInteger(count) && count > 0))
    return "--kills, --yards and --replicas are whole numbers from 1";
  if (!Number.isInteger(seed)) return "--seed is a whole number";
  if (database === null && replicas > 1) return "several processes need a --database postgres://…";
  if (database === null && restart !== null) return "--restart needs a --database postgres://…";
  if (database !== null && yards > 1) return "one database serves one yard";
  if (control !== undefined && !isControl(control)) return `no control is called ${control}`;
  return null;
}

async function runAll(plan: Plan, control: Control | null): Promise<YardRun[]> {
  const { kills, seed, yards, replicas, database, restart } = plan;
  const begun = performance.now();
  const seconds = () => Math.round((performance.now() - begun) / 1_000);
  console.log(`seed ${seed}: ${kills} kills in ${yards} yard(s)${control === null ? "" : `, ${control}`}`);
  let done = 0;
  const onKill = () => {
    done += 1;
    if (done % PROGRESS_EVERY === 0 || done === kills) console.log(`  ${done} kills, ${seconds()} s`);
  };
  const runs = await Promise.all(
    Array.from({ length: yards }, (_none, yard) =>
      runYard({
        seed: seed + yard,
        replicas,
        database,
        restart,
        control,
        freezes: control === null ? undefined : FREEZES_OF_CONTROL[control],
        kills: Math.floor(kills / yards) + (yard < kills % yards ? 1 : 0),
        onKill,
      }),
    ),
  );
  printTable(runs, { seed, seconds: seconds() });
  for (const { dir, problems, history } of runs) {
    if (problems.length === 0) continue;
    writeFileSync(join(dir, "history.json"), JSON.stringify(history, null, 1));
    console.log(`kept: ${dir} (data, service.log, history.json)`);
  }
  return runs;
}

async function runControls(plan: Plan): Promise<number> {
  let missed = 0;
  for (const [control, kind] of Object.entries(CONTROLS) as [Control, string][]) {
    const runs = await runAll(plan, control);
    const found = runs.flatMap(({ problems }) => problems).filter((problem) => problem.kind === kind);
    console.log(
      `${control}: ${found.length} problems of kind ${kind}${found.length === 0 ? " — NOT FOUND" : ""}`,
    );
    if (found.length === 0) missed += 1;
  }
  return missed === 0 ? 0 : 1;
}
