import { pause } from "../random.ts";
import { openBuyers } from "./buyers.ts";
import { openDesigners } from "./designers.ts";
import type { History, Problem } from "./history.ts";
import { findProblems } from "./judges/all.ts";
import { openPeople } from "./people.ts";
import { openPlatform, type Platform } from "./platform.ts";
import type { ServiceRecords } from "./read-records.ts";
import { KEYWORD, openTaskGiver } from "./task-giver.ts";
import { torment } from "./torment.ts";
import { openYard, type Tally, type Yard, type YardOptions } from "./yard.ts";

const SETTLE_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 300;
/** Retries wait for up to minutes; the clock is moved on while nothing else happens. */
const STEP_MS = 10_000;
/** Work that is for later when all is done; looks at 图绘 are while a designer has an order. */
const FOR_LATER = ["order-close", "person-idle"];

type RunOptions = {
  kills: number;
  onKill: () => void;
  /** Share of kills that come after a process stood still for longer than its leases. */
  freezes?: number | undefined;
  keep?: boolean;
};
export type YardRun = { dir: string; tally: Tally; history: History; problems: Problem[] };

/**
 * One run: buyers, designers, people and 天网 keep a service busy while its processes are killed; then all is left to
 * settle, and what was promised and seen is judged. The folder of a run with problems is kept.
 */
export async function runYard(options: YardOptions & RunOptions): Promise<YardRun> {
  const yard = await openYard(options);
  let isClean = false;
  try {
    const history = await live(yard, options);
    const problems = findProblems(history);
    isClean = problems.length === 0;
    return { dir: yard.dir, tally: yard.tally, history, problems };
  } finally {
    await yard.close({ keep: !isClean && options.keep !== false });
  }
}

async function live(yard: Yard, options: RunOptions): Promise<History> {
  const platform = openPlatform(yard);
  const designers = openDesigners(yard);
  const people = openPeople(yard, platform);
  const tasks = openTaskGiver(yard, platform);
  const buyers = openBuyers(yard, platform);

  await torment(yard, options);

  yard.calm();
  await tasks.close();
  await buyers.stop();
  await people.giveBackAll();
  for (const conversation of await tasks.waitingForWords()) platform.say(conversation, `${KEYWORD} 再见`);
  await settle(yard, platform, {
    isBusy: () => !designers.isIdle(),
    mostTaskTimes: tasks.mostThatNeverCome(),
  });
  await people.close();
  await designers.close();
  platform.close();
  return await read(yard, platform, { holds: people.holds, tasks: await tasks.read() });
}

/** Until everything is acknowledged and no job is left; what never settles is for the judges to tell. */
async function settle(
  yard: Yard,
  platform: Platform,
  { isBusy, mostTaskTimes }: { isBusy: () => boolean; mostTaskTimes: number },
): Promise<void> {
  const until = performance.now() + SETTLE_WITHIN_MS;
  let last = "";
  let still = 0;
  while (performance.now() < until) {
    await pause(LOOK_EVERY_MS);
    const jobs = await openJobs(yard, mostTaskTimes).catch(() => null);
    if (jobs === null) continue;
    const state = JSON.stringify(jobs);
    still = state === last ? still + 1 : 0;
    last = state;
    if (isBusy() || !platform.isAllAcked()) continue;
    if (Object.keys(jobs).length === 0 && still >= 2) return;
    if (still >= 2) yard.clock.step(STEP_MS);
  }
}

async function openJobs(yard: Yard, mostTaskTimes: number): Promise<Record<string, number>> {
  const { components } = await yard.get<{ components: { jobs: Record<string, number> } }>("/api/health");
  const { orders } = await yard.get<{ orders: unknown[] }>("/api/operations/orders?status=dispatched");
  const later = orders.length === 0 ? [...FOR_LATER, "tuhui-poll"] : FOR_LATER;
  return Object.fromEntries(
    Object.entries(components.jobs).filter(
      ([kind, count]) => !later.includes(kind) && !(kind === "task-time" && count <= mostTaskTimes),
    ),
  );
}

async function read(
  { processes, tianwang, tuhui }: Yard,
  platform: Platform,
  known: Pick<History, "holds" | "tasks">,
): Promise<History> {
  const [target] = processes.live;
  if (target === undefined) throw new Error("no process is left to tell the records");
  const { records } = await processes.ask<{ records: ServiceRecords }>(target, {
    report: platform.conversations(),
  });
  return {
    ...records,
    ...known,
    acked: platform.acked(),
    shown: platform.shown,
    reports: tianwang.reports.map(({ task_id, id }) => ({ taskId: task_id, webhookId: id })),
    designerOrders: tuhui.orders.map(({ order_no, status, request, supplements, cancels }) => ({
      orderNo: order_no,
      imageTaskId: String(request.image_task_id),
      status,
      requirements: revisionsOf(request.requirements),
      supplements: revisionsOf(supplements),
      cancels,
    })),
  };
}

function revisionsOf(demands: unknown): number[] {
  return (demands as { revision: number }[]).map(({ revision }) => revision);
}
