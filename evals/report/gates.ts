import type { EvaluatedAgent } from "../scenarios/scenario.ts";
import type { Gate, Report } from "./report.ts";

const LEAST_SCENARIOS: Record<EvaluatedAgent, number> = { shop: 80, helpdesk: 40 };
const LEAST_PASS_1 = 0.98;
const LEAST_PASS_4 = 0.95;
const LEAST_CAUGHT = 0.9;
const LEAST_MUTANTS = 40;
/** Every one of these must be touched; the rest of the coverage is for reading. */
const ALL_COVERED = [
  "tools of the shop",
  "tools of the helpdesk",
  "order transitions",
  "classes of risk",
  "intents of the shop",
  "intents of the helpdesk",
];
/** These together are what is gated (decision 0029), under this name in the report. */
export const HELD_OUT_SETS = ["context-test", "context-test-2"];
export const HELD_OUT = HELD_OUT_SETS.join(" + ");
const LEAST_INTENT = 0.92;
const LEAST_SERVICES = 0.9;
const LEAST_REJECTED = 0.98;
const MOST_WRONGLY_REJECTED = 0.02;

/** The bars a change must not fall below. A part that was not run has no gate; a real model has only its pass^1. */
export function gatesOf(
  { agents, coverage, understanding, mutants, asked }: Omit<Report, "gates">,
  { leastPass1 = LEAST_PASS_1 }: { leastPass1?: number } = {},
): Gate[] {
  const gates: Gate[] = [];
  const atLeast = (name: string, value: number, bar: number, share = true) =>
    gates.push({ name, bar: `≥ ${show(bar, share)}`, value: show(value, share), passed: value >= bar });

  for (const [agent, report] of Object.entries(agents)) {
    atLeast(`${agent}: pass^1`, report.pass_1 ?? 0, leastPass1);
    if (asked !== null) continue;
    const { trials, passed } = report.by_disturbance.plain ?? { trials: 0, passed: 0 };
    atLeast(`${agent}: undisturbed`, passed / Math.max(1, trials), 1);
    atLeast(`${agent}: scenarios`, report.scenarios, LEAST_SCENARIOS[agent as EvaluatedAgent], false);
    if (report.pass_4 !== null) atLeast(`${agent}: pass^4`, report.pass_4, LEAST_PASS_4);
  }
  for (const name of ALL_COVERED) {
    const covered = coverage[name];
    if (covered === undefined) continue;
    const { of, touched, untouched } = covered;
    const passed = untouched.length === 0;
    gates.push({ name: `coverage: ${name}`, bar: `all ${of}`, value: `${touched}`, passed });
  }
  const held = understanding[HELD_OUT];
  if (held !== undefined) {
    const { lines, risk } = held;
    atLeast("understanding: intent", held.intentAccuracy, LEAST_INTENT);
    atLeast("understanding: services", held.servicesAccuracy, LEAST_SERVICES);
    atLeast("understanding: risk recall", risk.rejected / risk.toReject, LEAST_REJECTED);
    const wrongly = risk.wronglyRejected / (lines - risk.toReject);
    gates.push({
      name: "understanding: false rejects",
      bar: `≤ ${show(MOST_WRONGLY_REJECTED, true)}`,
      value: show(wrongly, true),
      passed: wrongly <= MOST_WRONGLY_REJECTED,
    });
  }
  if (mutants !== null) {
    atLeast("mutants", mutants.length, LEAST_MUTANTS, false);
    const caught = mutants.filter(({ caughtBy }) => caughtBy !== null).length;
    atLeast("mutants caught", caught / Math.max(1, mutants.length), LEAST_CAUGHT);
  }
  return gates;
}

/**
 * Whether all gates are passed but those that are known to be missed.
 *
 * @param known - their names; one that is passed meanwhile, or is no gate of this report, does not hold either
 */
export function holds(gates: readonly Gate[], known: readonly string[]): boolean {
  const missed = gates.filter(({ passed }) => !passed).map(({ name }) => name);
  return missed.length === known.length && missed.every((name) => known.includes(name));
}

function show(value: number, share: boolean): string {
  return share ? `${(value * 100).toFixed(1)} %` : String(value);
}
