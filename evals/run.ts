import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { createHelpdeskTools } from "../src/agents/helpdesk-tools.ts";
import { createShopTools } from "../src/agents/shop-tools.ts";
import { riskRulesSchema } from "../src/domain/orders/risk-rules.ts";
import { loadEnv } from "../src/server/process-env.ts";
import { judgeAll } from "./models/judge-all.ts";
import { openMeter } from "./models/meter.ts";
import { type ModelOptions, readModelOptions } from "./models/model-options.ts";
import { type MutantResult, runMutants } from "./mutants/run-mutants.ts";
import { measureCoverage } from "./report/coverage.ts";
import { gatesOf, HELD_OUT, HELD_OUT_SETS, holds } from "./report/gates.ts";
import { writePage } from "./report/page.ts";
import { printReport, printTrial } from "./report/print.ts";
import { type Report, reportAgent } from "./report/report.ts";
import { readScenarios } from "./scenarios/read-scenarios.ts";
import { AGENTS, type ChosenScenarios, type EvaluatedAgent, type Scenario } from "./scenarios/scenario.ts";
import { DISTURBANCES } from "./trials/disturbances.ts";
import { inParallel } from "./trials/in-parallel.ts";
import { inProcess } from "./trials/in-process.ts";
import { allTrialsOf, TRIAL_WORKER, type Trial, trialsOf } from "./trials/run-trials.ts";
import type { WorkerOrder } from "./trials/worker.ts";
import { createSetScorer } from "./understanding/rules-under-test.ts";

const USAGE = `npm run eval -- [--agent shop|helpdesk] [--all] [--only REGEXP] [--trial NAME] [--show] [--mutants] [--out DIR]
                [--known GATE…]
                [--model openai/NAME [--judge openai/NAME] [--budget N --price IN,OUT] [--concurrency N] [--tries N]
                 [--timeout SECONDS] [--least SHARE]]

  Plays every scenario under every disturbance, each as a whole service, and judges the final records; scores the
  labelled messages; says what no scenario touches. Ends with 1 when a gate fails.
  --all      every disturbance of every scenario, not five of each
  --only     only scenarios whose id matches; then nothing is gated and each problem is shown
  --trial    only this one: plain, ${DISTURBANCES.join(", ")}
  --show     what was said and what came of it, scenario by scenario
  --mutants  puts seeded faults in, one by one, instead: the scenarios must notice
  --known    a gate that is known to be missed, by its name: it fails nothing until it is met, and then must not be named any more
  --out      where report.json and report.html go (data/evals)
  --model    a model at OPENAI_BASE_URL (with OPENAI_API_KEY) answers instead of the rules, which stay its last rung
  --judge    a model that judges what no record shows, such as tone; only with --model
  --budget   stop when so much is spent; --price says what a million tokens cost, taken and given
  --least    the pass^1 a model must reach (0.9)`;

const UNDERSTANDING_SETS = [
  "tuning",
  "later-tuning",
  "context-tuning",
  "context-tuning-2",
  "context-tuning-3",
  "context-tuning-4",
  "context-tuning-5",
  "test",
  "later-test",
  ...HELD_OUT_SETS,
];
/** Pieces of work of one process: small enough to share them out, large enough that opening a service does not count. */
const SCENARIOS_AT_A_TIME = 60;
/** A process that plays waits half of its time: for files, threads and timers. */
const PROCESSES = availableParallelism() + 1;

const { values } = parseArgs({
  options: {
    agent: { type: "string" },
    all: { type: "boolean", default: false },
    only: { type: "string" },
    trial: { type: "string" },
    show: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    known: { type: "string", multiple: true, default: [] },
    out: { type: "string", default: "data/evals" },
    model: { type: "string" },
    judge: { type: "string" },
    budget: { type: "string" },
    price: { type: "string", default: "0,0" },
    concurrency: { type: "string", default: "4" },
    tries: { type: "string", default: "4" },
    timeout: { type: "string", default: "60" },
    least: { type: "string", default: "0.9" },
    help: { type: "boolean", default: false },
  },
});

process.exit(await main());

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const trials: readonly string[] = ["plain", ...DISTURBANCES];
  if (values.trial !== undefined && !trials.includes(values.trial)) {
    console.error(`--trial must be one of ${trials.join(", ")}\n\n${USAGE}`);
    return 2;
  }
  if (values.agent !== undefined && !AGENTS.some((it) => it === values.agent)) {
    console.error(`--agent must be one of ${AGENTS.join(", ")}\n\n${USAGE}`);
    return 2;
  }
  const agents = AGENTS.filter((agent) => values.agent === undefined || agent === values.agent);
  const asked = readModelOptions(values, loadEnv(process.cwd()));
  if (!asked.ok) {
    console.error(`${asked.refusal}\n\n${USAGE}`);
    return 2;
  }
  const startedAt = performance.now();
  const report = values.mutants
    ? await mutantReport()
    : asked.value === null
      ? await scenarioReport(agents)
      : await modelReport(agents, asked.value);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(values.out, "report.html"), writePage(report));
  printReport(report, values.known);
  console.log(
    `${((performance.now() - startedAt) / 1_000).toFixed(0)} s, ${join(values.out, "report.html")}`,
  );
  const isPart = values.only !== undefined || values.trial !== undefined;
  const failed = isPart
    ? Object.values(report.agents).some(({ failed }) => failed.length > 0)
    : !holds(report.gates, values.known);
  return failed ? 1 : 0;
}

function choose(agents: readonly EvaluatedAgent[], fits: (scenario: Scenario) => boolean): ChosenScenarios[] {
  const pattern = values.only === undefined ? null : new RegExp(values.only, "u");
  return agents.map((agent) => ({
    agent,
    scenarios: readScenarios(agent).filter(
      (scenario) => (pattern?.test(scenario.id) ?? true) && fits(scenario),
    ),
  }));
}

async function scenarioReport(agents: readonly EvaluatedAgent[]): Promise<Report> {
  const chosen = choose(agents, () => true);
  const isWanted = values.all || values.only !== undefined || values.trial !== undefined;
  const trials = await playAll(chosen, {
    processes: PROCESSES,
    trialsOf: isWanted ? allTrialsOf : trialsOf,
  });
  if (values.show) for (const trial of trials) printTrial(trial);
  const isWhole = values.only === undefined && values.agent === undefined && values.trial === undefined;
  const rest: Omit<Report, "gates"> = {
    model: "rules",
    agents: agentReports(chosen, trials),
    coverage: isWhole ? coverageOf(chosen, trials) : {},
    understanding: isWhole ? understandingOf() : {},
    mutants: null,
    asked: null,
  };
  return { ...rest, gates: values.only === undefined && values.trial === undefined ? gatesOf(rest) : [] };
}

/** How a model is to fail is not to be asked of a real one, nor is it slowed down by us. */
async function modelReport(agents: readonly EvaluatedAgent[], options: ModelOptions): Promise<Report> {
  const chosen = choose(agents, ({ world }) => world.model === "none");
  const meter = await openMeter(options.terms);
  try {
    const trials = await playAll(chosen, {
      processes: options.terms.concurrency,
      trialsOf: (scenario) => trialsOf(scenario).filter((trial) => trial !== "slow_model"),
      model: { ...options.model, baseUrl: meter.url },
      isOver: meter.isSpent,
    });
    const verdicts =
      options.judge === null
        ? []
        : await judgeAll(chosen, trials, {
            name: options.judge,
            meter,
            concurrency: options.terms.concurrency,
          });
    const rest: Omit<Report, "gates"> = {
      model: options.model.name,
      agents: agentReports(chosen, trials),
      coverage: {},
      understanding: {},
      mutants: null,
      asked: { bill: meter.bill(), is_stopped: meter.isSpent(), judge: options.judge, verdicts },
    };
    return { ...rest, gates: values.only === undefined ? gatesOf(rest, { leastPass1: options.least }) : [] };
  } finally {
    await meter.close();
  }
}

function agentReports(chosen: readonly ChosenScenarios[], trials: readonly Trial[]): Report["agents"] {
  return Object.fromEntries(
    chosen.map(({ agent, scenarios }) => [
      agent,
      reportAgent(
        scenarios,
        trials.filter((trial) => trial.agent === agent),
      ),
    ]),
  );
}

async function mutantReport(): Promise<Report> {
  const mutants: MutantResult[] = await runMutants(PROCESSES, ({ id, caughtBy }) => {
    console.log(caughtBy === null ? `${id}: SURVIVED` : `${id}: ${caughtBy.scenario}: ${caughtBy.problem}`);
  });
  const rest = { model: "rules", agents: {}, coverage: {}, understanding: {}, mutants, asked: null };
  return { ...rest, gates: gatesOf(rest) };
}

type Playing = {
  processes: number;
  trialsOf: (scenario: Scenario) => readonly string[];
  model?: WorkerOrder["model"];
  /** True: what is still to be played is left, and what has just been played does not count. */
  isOver?: () => boolean;
};

/** In several processes; answers in the order of the scenarios, whichever ended first. */
async function playAll(
  chosen: readonly ChosenScenarios[],
  { processes, trialsOf: trialsFor, model = null, isOver = () => false }: Playing,
): Promise<Trial[]> {
  const pieces = chosen.flatMap(({ agent, scenarios }) => {
    const count = Math.ceil(scenarios.length / SCENARIOS_AT_A_TIME);
    return Array.from({ length: count }, (_piece, at) => ({
      agent,
      scenarios: scenarios.filter((_scenario, index) => index % count === at),
    }));
  });
  const played = await inParallel(pieces, processes, async ({ agent, scenarios }) => {
    if (isOver()) return [];
    const jobs = scenarios.flatMap((scenario) =>
      trialsFor(scenario)
        .filter((name) => values.trial === undefined || name === values.trial)
        .map((trial) => ({ scenario: scenario.id, trial })),
    );
    const trials = await inProcess<Trial>(
      TRIAL_WORKER,
      { agent, jobs, configDir: "config", model } satisfies WorkerOrder,
      { until: isOver },
    );
    return isOver() ? trials.slice(0, -1) : trials;
  });
  const places = new Map(
    chosen.flatMap(({ agent, scenarios }) => scenarios.map(({ id }, at) => [`${agent} ${id}`, at] as const)),
  );
  const place = ({ agent, scenario }: Trial) => places.get(`${agent} ${scenario}`) ?? 0;
  return played.flat().sort((one, other) => place(one) - place(other));
}

function coverageOf(chosen: readonly ChosenScenarios[], trials: readonly Trial[]): Report["coverage"] {
  const plays = chosen.flatMap(({ agent, scenarios }) =>
    scenarios.flatMap((scenario) => {
      const plain = trials.find(
        (it) => it.agent === agent && it.scenario === scenario.id && it.trial === "plain",
      );
      return plain?.outcome == null ? [] : [{ agent, scenario, outcome: plain.outcome }];
    }),
  );
  const risk = riskRulesSchema.parse(parse(readFileSync("config/risk.yaml", "utf8")));
  return measureCoverage(plays, { tools: toolNames(), risk });
}

/** Making a tool does nothing with what it will need. */
function toolNames(): Record<EvaluatedAgent, string[]> {
  const nothing = {} as never;
  return {
    shop: Object.keys(createShopTools(nothing)),
    helpdesk: Object.keys(
      createHelpdeskTools({ deskDeps: nothing, knowledge: nothing, web: nothing, ticketCallback: nothing }),
    ),
  };
}

function understandingOf(): Report["understanding"] {
  const score = createSetScorer();
  // Of a set that is held out nobody is shown single lines.
  const isRead = (name: string) => name.includes("tuning");
  return {
    ...Object.fromEntries(
      UNDERSTANDING_SETS.map((name) => [name, isRead(name) ? score(name) : { ...score(name), wrongIds: [] }]),
    ),
    [HELD_OUT]: { ...score(...HELD_OUT_SETS), wrongIds: [] },
  };
}
