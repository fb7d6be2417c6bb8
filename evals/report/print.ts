import type { Trial } from "../trials/run-trials.ts";
import type { Report } from "./report.ts";

/**
 * For whoever waits at the terminal: what failed, what nothing touches, the gates.
 *
 * @param known - names of gates that are known to be missed
 */
export function printReport({ gates, agents, coverage, asked }: Report, known: readonly string[]): void {
  for (const [agent, { failed }] of Object.entries(agents))
    for (const { scenario, trial, problems } of failed)
      console.log(`${agent} ${scenario} ${trial}\n  ${problems.join("\n  ")}`);
  for (const [what, { of, touched, untouched }] of Object.entries(coverage))
    console.log(
      `covered: ${touched} of ${of} ${what}${untouched.length === 0 ? "" : `; not ${untouched.join(", ")}`}`,
    );
  for (const { name, bar, value, passed } of gates)
    console.log(`${verdictOf(passed, known.includes(name))} ${name}: ${value} (${bar})`);
  for (const name of known)
    if (!gates.some((gate) => gate.name === name))
      console.log(`FAILED ${name}: known, and no gate of this run`);
  if (asked !== null) printAsked(asked);
  const trials = Object.values(agents).reduce((sum, agent) => sum + agent.trials, 0);
  const failed = Object.values(agents).reduce((sum, agent) => sum + agent.failed.length, 0);
  if (trials > 0) console.log(`${trials} trials, ${failed} with problems`);
}

function verdictOf(passed: boolean, isKnown: boolean): string {
  if (isKnown) return passed ? "FAILED (known to be missed, and met)" : "known ";
  return passed ? "ok    " : "FAILED";
}

function printAsked({ bill, is_stopped, verdicts }: NonNullable<Report["asked"]>): void {
  const { calls, retries, failed, tokens, cost, latency_ms } = bill;
  const latency = latency_ms === null ? "" : `, median ${latency_ms.median} ms, p95 ${latency_ms.p95} ms`;
  console.log(
    `${calls} calls (${retries} retried, ${failed} failed)${latency}; ${tokens.input} tokens taken, ${tokens.output} given, cost ${cost.toFixed(4)}`,
  );
  if (is_stopped) console.log("stopped: the budget is spent; what was not played is in no figure");
  for (const { agent, scenario, criterion, meets, why } of verdicts)
    if (meets !== true)
      console.log(`${meets === null ? "not judged" : "misses"}: ${agent} ${scenario}: ${criterion} (${why})`);
  if (verdicts.length > 0)
    console.log(
      `${verdicts.filter(({ meets }) => meets === true).length} of ${verdicts.length} judged criteria met`,
    );
}

/** What was said in a trial and what came of it. */
export function printTrial({ agent, scenario, trial, outcome }: Trial): void {
  if (outcome === null) return;
  const { transcript, orders, handoffs, tickets, tasks, tools, intents } = outcome;
  console.log(`\n${agent} ${scenario} ${trial}`);
  for (const { role, text } of transcript) console.log(`  ${role === "user" ? ">" : "<"} ${text}`);
  for (const order of orders) console.log(`  ${JSON.stringify(order)}`);
  console.log(`  ${JSON.stringify({ handoffs, tickets, tasks, tools, intents })}`);
}
