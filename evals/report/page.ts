import type { SetScore } from "../understanding/score.ts";
import type { Coverage, Covered } from "./coverage.ts";
import type { AgentReport, PassRates, Report } from "./report.ts";

const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#ddd,#444);--bad:light-dark(#b00020,#ff8a80);--good:light-dark(#0a7a35,#7bd88f)}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin-bottom:.3rem}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.bad{color:var(--bad);font-weight:600}.good{color:var(--good)}code{font-size:.92em;overflow-wrap:anywhere}
details{margin:.4rem 0}ul{margin:.2rem 0}`;

/** The report as one page that needs nothing else. */
export function writePage(report: Report): string {
  const failed = report.gates.filter(({ passed }) => !passed).length;
  const verdict =
    report.gates.length === 0
      ? "<p>Only a part was played: nothing is gated.</p>"
      : failed === 0
        ? `<p class="good">All ${report.gates.length} gates passed.</p>`
        : `<p class="bad">${failed} of ${report.gates.length} gates failed.</p>`;
  const gates = table(
    ["gate", "bar", "is"],
    report.gates.map(({ name, bar, value, passed }) => [
      text(name),
      text(bar),
      `<span class="${passed ? "good" : "bad"}">${text(value)}</span>`,
    ]),
  );
  return `<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Evals</title><style>${STYLE}</style>
<h1>Evals</h1><p>Model: <code>${text(report.model)}</code></p>${verdict}${gates}
${Object.entries(report.agents)
  .map(([name, agent]) => agentSection(name, agent))
  .join("")}
${coverageSection(report.coverage)}
${Object.entries(report.understanding)
  .map(([name, score]) => understandingSection(name, score))
  .join("")}
${mutantSection(report)}${askedSection(report)}</html>
`;
}

function agentSection(name: string, agent: AgentReport): string {
  const rows = (rates: Record<string, PassRates>) =>
    Object.entries(rates).map(([of, { scenarios, pass_1, pass_4 }]) => [
      text(of),
      number(scenarios),
      number(share(pass_1)),
      number(share(pass_4)),
    ]);
  const disturbances = Object.entries(agent.by_disturbance).map(([of, { trials, passed }]) => [
    text(of),
    number(trials),
    number(trials - passed),
  ]);
  return `<h2>${text(name)}</h2>
<p>${agent.scenarios} scenarios, ${agent.trials} trials, pass^1 ${share(agent.pass_1)}, pass^4 ${share(agent.pass_4)}.</p>
<h3>By tool</h3>${table(["tool", "scenarios", "pass^1", "pass^4"], rows(agent.by_tool))}
<h3>By intent</h3>${table(["intent", "scenarios", "pass^1", "pass^4"], rows(agent.by_intent))}
<h3>By disturbance</h3>${table(["disturbance", "trials", "failed"], disturbances)}
<h3>Failed trials</h3>${agent.failed.length === 0 ? "<p>None.</p>" : agent.failed.map(failedTrial).join("")}`;
}

function failedTrial({ scenario, title, trial, problems }: AgentReport["failed"][number]): string {
  const items = problems.map((problem) => `<li><code>${text(problem)}</code></li>`).join("");
  return `<details><summary>${text(scenario)} · ${text(trial)} <small>${text(title)}</small></summary><ul>${items}</ul></details>`;
}

function coverageSection(coverage: Coverage): string {
  const rows = Object.entries(coverage).map(coverageRow);
  return rows.length === 0 ? "" : `<h2>Coverage</h2>${table(["what", "touched", "untouched"], rows)}`;
}

function coverageRow([name, { of, touched, untouched }]: [string, Covered]): string[] {
  return [text(name), number(`${touched} of ${of}`), text(untouched.join(", "))];
}

function understandingSection(name: string, score: SetScore): string {
  const { risk } = score;
  const figures = table(
    ["lines", "intent", "services", "risk", "rejected", "wrongly rejected", "reviewed"],
    [
      [
        number(score.lines),
        number(share(score.intentAccuracy)),
        number(share(score.servicesAccuracy)),
        number(share(risk.accuracy)),
        number(`${risk.rejected} of ${risk.toReject}`),
        number(risk.wronglyRejected),
        number(`${risk.reviewed} of ${risk.toReview}`),
      ],
    ],
  );
  const confusions = table(
    ["expected → understood as", "times"],
    score.confusions.map(({ pair, count }) => [text(pair), number(count)]),
  );
  return `<h2>Understanding: ${text(name)}</h2>${figures}<details><summary>Confusions of intents</summary>${confusions}</details>`;
}

function mutantSection({ mutants }: Report): string {
  if (mutants === null) return "";
  const survivors = mutants.filter(({ caughtBy }) => caughtBy === null);
  const rows = mutants.map(({ id, area, means, caughtBy }) => [
    text(area),
    text(id),
    text(means),
    caughtBy === null
      ? `<span class="bad">survived</span>`
      : `${text(caughtBy.scenario)}: <code>${text(caughtBy.problem)}</code>`,
  ]);
  const list = survivors.length === 0 ? "None." : survivors.map(({ id }) => text(id)).join(", ");
  return `<h2>Mutants</h2><p>${mutants.length} faults put in, ${survivors.length} survived: ${list}</p>${table(["area", "fault", "what it does", "caught by"], rows)}`;
}

function askedSection({ asked }: Report): string {
  if (asked === null) return "";
  const { calls, retries, failed, refused_over_budget, tokens, cost, latency_ms } = asked.bill;
  const bill = table(
    ["calls", "retried", "failed", "refused", "tokens taken", "given", "cost", "median ms", "p95 ms"],
    [
      [
        ...[calls, retries, failed, refused_over_budget, tokens.input, tokens.output].map(number),
        number(cost.toFixed(4)),
        number(latency_ms?.median ?? "–"),
        number(latency_ms?.p95 ?? "–"),
      ],
    ],
  );
  const rows = asked.verdicts.map(({ agent, scenario, criterion, meets, why }) => [
    text(`${agent} ${scenario}`),
    text(criterion),
    meets === true
      ? `<span class="good">met</span>`
      : `<span class="bad">${meets === null ? "not judged" : "missed"}</span>`,
    text(why),
  ]);
  const judged =
    asked.judge === null
      ? ""
      : `<h3>Judged by ${text(asked.judge)}</h3>${table(["scenario", "criterion", "verdict", "why"], rows)}`;
  const stopped = asked.is_stopped
    ? `<p class="bad">Stopped: the budget was spent. What was not played is in no figure.</p>`
    : "";
  return `<h2>What the model cost</h2>${stopped}${bill}${judged}`;
}

/** Cells are HTML already. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const head = heads.map((it) => `<th>${text(it)}</th>`).join("");
  const body = rows
    .map((cells) => `<tr>${cells.map((it) => (it.startsWith("<td") ? it : `<td>${it}</td>`)).join("")}</tr>`)
    .join("\n");
  return `<div class="wide"><table><tr>${head}</tr>\n${body}</table></div>`;
}

function number(value: string | number): string {
  return `<td class="n">${text(String(value))}</td>`;
}

function share(value: number | null): string {
  return value === null ? "–" : `${(value * 100).toFixed(1)} %`;
}

function text(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
