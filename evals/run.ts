import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { createHelpdeskTools } from "../src/agents/helpdesk-tools.ts";
import { createShopTools } from "../src/agents/shop-tools.ts";
import { riskRulesSchema } from "../src/domain/orders/risk-rules.ts";
import { type MutantResult, runMutants } from "./mutants/run-mutants.ts";
import { measureCoverage } from "./report/coverage.ts";
import { gatesOf } from "./report/gates.ts";
import { writePage } from "./report/page.ts";
import { type Report, reportAgent } from "./report/report.ts";
import { readScenarios } from "./scenarios/read-scenarios.ts";
import { AGENTS, type EvaluatedAgent, type Scenario } from "./scenarios/scenario.ts";
import { inParallel } from "./trials/in-parallel.ts";
import { playInProcess } from "./trials/play-in-process.ts";
import { type Trial, trialsOf } from "./trials/run-trials.ts";
import { createSetScorer } from "./understanding/rules-under-test.ts";

const USAGE = `npm run eval -- [--agent shop|helpdesk] [--only REGEXP] [--plain] [--mutants] [--out DIR]

  Plays every scenario under every disturbance, each as a whole service, and judges the final records; scores the
  labelled messages; says what no scenario touches. Ends with 1 when a gate fails.
  --only     only scenarios whose id matches; then nothing is gated and each problem is shown
  --plain    undisturbed only
  --mutants  puts seeded faults in, one by one, instead: the scenarios must notice
  --out      where report.json and report.html go (data/evals)`;

const UNDERSTANDING_SETS = ["tuning", "later-tuning", "context-tuning", "test", "later-test", "context-test"];
/** Pieces of work of one process: small enough to share them out, large enough that opening a service does not count. */
const SCENARIOS_AT_A_TIME = 20;

const { values } = parseArgs({
  options: {
    agent: { type: "string" },
    only: { type: "string" },
    plain: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    out: { type: "string", default: "data/evals" },
    help: { type: "boolean", default: false },
  },
});

process.exit(await main());

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.agent !== undefined && !AGENTS.some((it) => it === values.agent)) {
    console.error(`--agent must be one of ${AGENTS.join(", ")}\n\n${USAGE}`);
    return 2;
  }
  const agents = AGENTS.filter((agent) => values.agent === undefined || agent === values.agent);
  const startedAt = performance.now();
  const report = values.mutants ? await mutantReport() : await scenarioReport(agents);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(values.out, "report.html"), writePage(report));
  print(report);
  console.log(
    `${((performance.now() - startedAt) / 1_000).toFixed(0)} s, ${join(values.out, "report.html")}`,
  );
  const isPart = values.only !== undefined;
  const failed = isPart
    ? Object.values(report.agents).some(({ failed }) => failed.length > 0)
    : report.gates.some(({ passed }) => !passed);
  return failed ? 1 : 0;
}

async function scenarioReport(agents: readonly EvaluatedAgent[]): Promise<Report> {
  const pattern = values.only === undefined ? null : new RegExp(values.only, "u");
  const chosen = agents.map((agent) => ({
    agent,
    scenarios: readScenarios(agent).filter(({ id }) => pattern?.test(id) ?? true),
  }));
  const trials = await playAll(chosen);
  const isWhole = pattern === null && values.agent === undefined;
  const rest: Omit<Report, "gates"> = {
    model: "rules",
    agents: Object.fromEntries(
      chosen.map(({ agent, scenarios }) => [
        agent,
        reportAgent(
          scenarios,
          trials.filter((trial) => trial.agent === agent),
        ),
      ]),
    ),
    coverage: isWhole ? coverageOf(chosen, trials) : {},
    understanding: isWhole ? understandingOf() : {},
    mutants: null,
  };
  return { ...rest, gates: pattern === null ? gatesOf(rest) : [] };
}

async function mutantReport(): Promise<Report> {
  const mutants: MutantResult[] = await runMutants(availableParallelism(), ({ id, caughtBy }) => {
    console.log(caughtBy === null ? `${id}: SURVIVED` : `${id}: ${caughtBy.scenario}: ${caughtBy.problem}`);
  });
  const rest = { model: "rules", agents: {}, coverage: {}, understanding: {}, mutants };
  return { ...rest, gates: gatesOf(rest) };
}

type Chosen = { agent: EvaluatedAgent; scenarios: Scenario[] };

/** In as many processes as there are processors; in the order of the scenarios, whichever ended first. */
async function playAll(chosen: readonly Chosen[]): Promise<Trial[]> {
  const pieces = chosen.flatMap(({ agent, scenarios }) => {
    const count = Math.ceil(scenarios.length / SCENARIOS_AT_A_TIME);
    return Array.from({ length: count }, (_piece, at) => ({
      agent,
      scenarios: scenarios.filter((_scenario, index) => index % count === at),
    }));
  });
  const played = await inParallel(pieces, availableParallelism(), async ({ agent, scenarios }) => {
    const jobs = scenarios.flatMap((scenario) =>
      (values.plain ? ["plain"] : trialsOf(scenario)).map((trial) => ({ scenario: scenario.id, trial })),
    );
    return await playInProcess({ agent, jobs, configDir: "config", model: null });
  });
  const places = new Map(
    chosen.flatMap(({ agent, scenarios }) => scenarios.map(({ id }, at) => [`${agent} ${id}`, at] as const)),
  );
  const place = ({ agent, scenario }: Trial) => places.get(`${agent} ${scenario}`) ?? 0;
  return played.flat().sort((one, other) => place(one) - place(other));
}

function coverageOf(chosen: readonly Chosen[], trials: readonly Trial[]): Report["coverage"] {
  const plays = chosen.flatMap(({ agent, scenarios }) =>
    scenarios.flatMap((scenario) => {
      const plain = trials.find(
        (it) => it.agent === agent && it.scenario === scenario.id && it.outcome !== null,
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
  return Object.fromEntries(
    UNDERSTANDING_SETS.map((name) => [
      name,
      name.endsWith("test") ? { ...score(name), wrongIds: [] } : score(name),
    ]),
  );
}

function print({ gates, agents, coverage }: Report): void {
  for (const [agent, { failed }] of Object.entries(agents))
    for (const { scenario, trial, problems } of failed)
      console.log(`${agent} ${scenario} ${trial}\n  ${problems.join("\n  ")}`);
  for (const [what, { of, touched, untouched }] of Object.entries(coverage))
    console.log(
      `covered: ${touched} of ${of} ${what}${untouched.length === 0 ? "" : `; not ${untouched.join(", ")}`}`,
    );
  for (const { name, bar, value, passed } of gates)
    console.log(`${passed ? "ok    " : "FAILED"} ${name}: ${value} (${bar})`);
  const trials = Object.values(agents).reduce((sum, agent) => sum + agent.trials, 0);
  const failed = Object.values(agents).reduce((sum, agent) => sum + agent.failed.length, 0);
  if (trials > 0) console.log(`${trials} trials, ${failed} with problems`);
}
