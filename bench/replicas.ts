import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startServiceProcess } from "../sandbox/demo/service-process.ts";
import { startQingjian } from "../sandbox/qingjian.ts";
import { DONE } from "../src/domain/jobs/jobs.ts";
import { silentLog } from "../src/domain/log.ts";
import { openPostgresStore } from "../src/store/postgres/store.ts";
import { median, quantile, table } from "./figures.ts";
import { openLoadedService, untilConnected } from "./loaded-service.ts";

const SERVER = process.env.TEST_DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
/** A round that meets something else on the machine is far off; the median of five is not. */
const ROUNDS = 5;
const TURNS = 1_000;
const WAKES = 300;
const HANDOVERS = 5;
const SHOWN_WITHIN_MS = 30_000;

/** PostgreSQL: turns with one process and with three, how soon a job wakes, and who has the bridge when its owner is gone. */
export async function benchReplicas(): Promise<string> {
  const rows = [];
  for (const replicas of [1, 3]) rows.push(await withDatabase((url) => turnsOf(url, replicas)));
  return [
    table(
      [
        "PostgreSQL",
        "turns/s, 50 at once",
        `p95 at 100 turns/s, of ${ROUNDS} rounds`,
        "replies twice",
        "RSS of the largest",
      ],
      [...rows, ["bar", "", "≤ 60 ms", "0", ""]],
    ),
    await withDatabase(wakes),
    await withDatabase(handovers),
  ].join("\n\n");
}

async function turnsOf(url: string, replicas: number): Promise<(string | number)[]> {
  const service = await openLoadedService({ database: url, replicas, args: ["--no-agent"] });
  try {
    await service.play({ turns: 300, perSecond: 0 });
    const rates = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { turns, seconds } = await service.play({ turns: TURNS, perSecond: 0 });
      rates.push(turns / seconds);
    }
    const p95s = [];
    let twice = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { latenciesMs, doubled } = await service.play({ turns: TURNS, perSecond: 100 });
      p95s.push(quantile(latenciesMs, 0.95));
      twice += doubled;
    }
    return [
      replicas === 1 ? "1 process" : `${replicas} processes, all on this machine`,
      Math.round(median(rates)),
      `${Math.round(median(p95s))} ms (${p95s.map(Math.round).join(", ")})`,
      twice,
      `${service.rssMb()} MB`,
    ];
  } finally {
    await service.stop();
  }
}

/** From the commit of one process to the handler's first line in another, with nothing else to do. */
async function wakes(url: string): Promise<string> {
  const open = () => openPostgresStore({ url, now: Date.now, random: Math.random, log: silentLog });
  const [giver, taker] = [await open(), await open()];
  let ran: (at: number) => void = () => {};
  taker.jobs.start({
    turn: {
      run: async () => {
        ran(performance.now());
        return DONE;
      },
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const waits: number[] = [];
  for (let n = 0; n < WAKES; n += 1) {
    const running = new Promise<number>((resolve) => {
      ran = resolve;
    });
    await giver.store.transaction((tx) => tx.jobs.enqueue({ kind: "turn", key: `k${n}`, payload: n }));
    const committedAt = performance.now();
    waits.push((await running) - committedAt);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await taker.jobs.stop(1_000);
  await giver.store.close();
  await taker.store.close();
  return table(
    ["a job enqueued in one process, run in another", "median", "p95", "longest"],
    [
      [`${WAKES} jobs`, ms(median(waits)), ms(quantile(waits, 0.95)), ms(Math.max(...waits))],
      ["bar", "≤ 10 ms", "", ""],
    ],
  );
}

/** A task's message is due while nobody has the bridge: it is shown when somebody has it again. */
async function handovers(url: string): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  const qingjian = await startQingjian();
  const start = () =>
    startServiceProcess({
      DATA_DIR: dir,
      DATABASE_URL: url,
      QINGJIAN_WS_URL: qingjian.url,
      MERGE_WINDOW_MS: "0",
      TIANWANG_CALLBACK_URL: "off",
      TUHUI_API_URL: "off",
    });
  const services = [await start(), await start(), await start()];
  const took = { killed: [] as number[], still: [] as number[] };
  try {
    await untilConnected(services);
    await qingjian.say({ conversation: "c1" }, "在吗");
    for (let n = 0; n < 2 * HANDOVERS; n += 1) {
      const owner = await untilConnected(services);
      services.splice(services.indexOf(owner), 1);
      const isKilled = n % 2 === 0;
      const begun = performance.now();
      process.kill(owner.pid, isKilled ? "SIGKILL" : "SIGSTOP");
      const text = `任务 ${n}`;
      await services[0]?.post("/api/task/receive", taskOf(`handover-${n}`, text));
      await qingjian.waitForReply("c1", (shown) => shown === text, SHOWN_WITHIN_MS);
      took[isKilled ? "killed" : "still"].push(performance.now() - begun);
      if (!isKilled) process.kill(owner.pid, "SIGKILL");
      services.push(await start());
    }
  } finally {
    for (const service of services) await service.stop();
    await qingjian.close();
    rmSync(dir, { recursive: true, force: true });
  }
  const row = (what: string, values: number[]) => [
    what,
    seconds(median(values)),
    seconds(Math.max(...values)),
  ];
  return table(
    ["from the owner's end to the first message through another process", "median", "longest"],
    [
      row(`killed, ${HANDOVERS} times: its host sees that it is gone`, took.killed),
      row(`standing still, ${HANDOVERS} times: its lease runs out, as on another host`, took.still),
      ["bar", "", "≤ 10 s"],
    ],
  );
}

function taskOf(id: string, message: string) {
  return {
    task_id: id,
    type: "bench",
    customer: { id: "c1" },
    trigger: { type: "time", at: new Date(Date.now()).toISOString() },
    action: { type: "send_message", message },
    created_by: "bench",
  };
}

async function withDatabase<Value>(work: (url: string) => Promise<Value>): Promise<Value> {
  const name = `tianwang_bench_${randomBytes(4).toString("hex")}`;
  await onServer(`create database ${name}`);
  try {
    const url = new URL(SERVER);
    url.pathname = `/${name}`;
    return await work(url.href);
  } finally {
    await onServer(`drop database ${name} with (force)`);
  }
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER });
  await client.connect();
  await client.query(statement);
  await client.end();
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
const seconds = (value: number) => `${(value / 1_000).toFixed(1)} s`;
