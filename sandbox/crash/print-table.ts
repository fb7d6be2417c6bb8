import { PROBLEM_KINDS } from "./history.ts";
import type { YardRun } from "./run-yard.ts";

const MOST_PROBLEMS = 40;

/** What was done to the service, what it did, and how that differs from what it promised. */
export function printTable(
  runs: readonly YardRun[],
  { seed, seconds }: { seed: number; seconds: number },
): void {
  const histories = runs.map(({ history }) => history);
  const sum = (count: (run: YardRun) => number) => runs.reduce((total, run) => total + count(run), 0);
  const problems = runs.flatMap((run) => run.problems);
  const tallied = new Map<string, number>();
  for (const { tally } of runs)
    for (const [name, count] of tally) tallied.set(name, (tallied.get(name) ?? 0) + count);
  const named = (begins: (name: string) => boolean): [string, number][] =>
    [...tallied].filter(([name]) => begins(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const isKill = (name: string) => name.startsWith("killed ");

  section(`seed ${seed}, ${seconds} s`, [
    ["kills", named(isKill).reduce((total, [, count]) => total + count, 0)],
    ...named(isKill),
    ...named((name) => !isKill(name)),
    ["messages acknowledged", sum(({ history }) => history.acked.length)],
    ["replies seen", sum(({ history }) => history.shown.length)],
    [
      "replies in doubt",
      sum(({ history }) => history.written.filter((it) => it.status === "uncertain").length),
    ],
    ...byStatus(
      "tasks",
      histories.flatMap(({ tasks }) => tasks),
    ),
    ...byStatus(
      "orders",
      histories.flatMap(({ orders }) => orders),
    ),
    ["orders at 图绘", sum(({ history }) => history.designerOrders.length)],
  ]);
  section(
    "problems",
    PROBLEM_KINDS.map((kind) => [kind, problems.filter((problem) => problem.kind === kind).length]),
  );
  for (const { kind, text } of problems.slice(0, MOST_PROBLEMS)) console.log(`  ${kind}: ${text}`);
  if (problems.length > MOST_PROBLEMS) console.log(`  … and ${problems.length - MOST_PROBLEMS} more`);
  console.log(problems.length === 0 ? "Every promise was kept." : `${problems.length} problems.`);
}

function byStatus(what: string, items: readonly { status: string }[]): [string, number][] {
  const groups = Map.groupBy(items, ({ status }) => status);
  return [...groups].map(([status, group]): [string, number] => [`${what} ${status}`, group.length]).sort();
}

function section(title: string, rows: readonly [string, number][]): void {
  console.log(`\n${title}`);
  for (const [name, count] of rows) console.log(`  ${String(count).padStart(6)}  ${name}`);
}
