import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import sharp from "sharp";
import { type ServiceProcess, startServiceProcess } from "../sandbox/demo/service-process.ts";
import { startQingjian } from "../sandbox/qingjian.ts";
import { median, quantile, table } from "./figures.ts";
import { openLoadedService, untilConnected } from "./loaded-service.ts";

const TIME_TASKS = 10_000;
const TASKS_WITHIN_S = 60;
const TASKS_AT_ONCE = 500;
const CUSTOMERS = 200;
const CONVERSATIONS = 100_000;
const MESSAGES_OF_EACH = 50;
const RECORDS = 100_000;
const ROUNDS = 5;
const LOOKS = 200;
/** What the buyers of a full store are called there. */
const OLD = "old-";

/** Many tasks that wait for their time, and a store that a shop has filled for years, on libSQL. */
export async function benchMuch(): Promise<string> {
  return `${await timeTasks()}\n\n${await fullStore()}`;
}

/** How late a task's message is shown: from its instant to the platform's window. */
async function timeTasks(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  const qingjian = await startQingjian();
  const service = await startServiceProcess(settingsOf(dir, qingjian.url));
  try {
    await untilConnected([service]);
    const customers = Array.from({ length: CUSTOMERS }, (_none, n) => `u${n}`);
    for (const conversation of customers) await qingjian.say({ conversation, platform: "bench" }, "在吗");
    const late: number[] = [];
    const lateAtOnce: number[] = [];
    qingjian.onShown(({ messages: [part] }) => {
      const [, due, kind] = /^(\d+) (spread|together)$/u.exec(part?.type === "text" ? part.text : "") ?? [];
      if (due !== undefined) (kind === "spread" ? late : lateAtOnce).push(Date.now() - Number(due));
    });
    // Far enough off that all of them are there before the first is due.
    const firstAt = Date.now() + 60_000;
    const give = (n: number, at: number, kind: string) =>
      service.post("/api/task/receive", {
        task_id: `${kind}-${n}`,
        type: "bench",
        customer: { id: customers[n % CUSTOMERS] },
        trigger: { type: "time", at: new Date(at).toISOString() },
        action: { type: "send_message", message: `${at} ${kind}` },
        created_by: "bench",
      });
    const gap = (TASKS_WITHIN_S * 1_000) / TIME_TASKS;
    for (let n = 0; n < TIME_TASKS; n += 1) await give(n, Math.round(firstAt + n * gap), "spread");
    const together = firstAt + TASKS_WITHIN_S * 1_000 + 5_000;
    for (let n = 0; n < TASKS_AT_ONCE; n += 1) await give(n, together, "together");
    if (Date.now() > firstAt) throw new Error("the tasks were not given before the first was due");
    const until = together + 60_000;
    while (late.length + lateAtOnce.length < TIME_TASKS + TASKS_AT_ONCE && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 200));
    const row = (what: string, values: number[], all: number, bar: string) => [
      what,
      `${values.length} of ${all}`,
      ms(median(values)),
      ms(quantile(values, 0.99)),
      ms(Math.max(...values)),
      bar,
    ];
    return table(
      ["time tasks, from their instant to the buyer's window", "shown", "median", "p99", "longest", "bar"],
      [
        row(`${TIME_TASKS} pending, due within ${TASKS_WITHIN_S} s`, late, TIME_TASKS, "p99 < 1 s"),
        row(`${TASKS_AT_ONCE} due at one instant`, lateAtOnce, TASKS_AT_ONCE, ""),
      ],
    );
  } finally {
    await service.stop();
    await qingjian.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function fullStore(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-bench-"));
  await seed(dir);
  const file = join(dir, "app.db");
  fill(file);
  const gigabytes = (statSync(file).size / 1e9).toFixed(1);
  const empty = await openLoadedService({ args: ["--no-agent"] });
  const full = await openLoadedService({ dir, args: ["--no-agent"] });
  try {
    const rounds = { empty: [] as number[][], full: [] as number[][] };
    await empty.play({ turns: 300, perSecond: 0 });
    await full.play({ turns: 300, perSecond: 0, names: OLD });
    for (let round = 0; round < ROUNDS; round += 1) {
      const plan = { turns: 1_000, perSecond: 100, names: OLD };
      rounds.empty.push((await empty.play(plan)).latenciesMs);
      rounds.full.push((await full.play(plan)).latenciesMs);
    }
    // Of the rounds the one in the middle: what else the machine does falls on one of them.
    const p95 = (of: number[][]) => median(of.map((latencies) => quantile(latencies, 0.95)));
    const [service] = full.services;
    if (service === undefined) throw new Error("no service");
    const turns = table(
      [`turns, 100 a second, ${ROUNDS} rounds`, "median", "p95"],
      [
        ["an empty store", ms(median(rounds.empty.flat())), ms(p95(rounds.empty))],
        [
          `${CONVERSATIONS} conversations, ${CONVERSATIONS * MESSAGES_OF_EACH} messages, ${gigabytes} GB`,
          ms(median(rounds.full.flat())),
          ms(p95(rounds.full)),
        ],
        ["grows by", "", `${Math.round((p95(rounds.full) / p95(rounds.empty) - 1) * 100)} %`],
        ["bar", "", "≤ 20 %"],
      ],
    );
    return `${turns}\n\n${await lists(service)}`;
  } finally {
    await empty.stop();
    await full.stop();
  }
}

async function lists(service: ServiceProcess): Promise<string> {
  const paths = [
    "/api/task/list?limit=50",
    "/api/task/list?status=completed&limit=50",
    `/api/task/list?customer_id=${OLD}7&limit=50`,
    "/api/operations/orders",
    "/api/operations/orders?status=quoted",
    "/api/operations/handoffs",
    "/api/operations/handoffs?status=queued",
    "/api/operations/dead-jobs",
    "/api/operations/outbox/uncertain",
    "/api/health",
    "/metrics",
  ];
  const rows = [];
  for (const path of paths) {
    const took = [];
    for (let n = 0; n < LOOKS; n += 1) {
      const begun = performance.now();
      await (await fetch(`${service.url}${path}`)).text();
      took.push(performance.now() - begun);
    }
    rows.push([path, ms(median(took)), ms(quantile(took, 0.95))]);
  }
  return table(
    [`${RECORDS} each of tasks, orders, handoffs`, "median", "p95"],
    [...rows, ["bar", "", "≤ 50 ms"]],
  );
}

/** One of each record, made by the service itself. */
async function seed(dir: string): Promise<void> {
  const qingjian = await startQingjian();
  const service = await startServiceProcess(settingsOf(dir, qingjian.url));
  await untilConnected([service]);
  const said = { conversation: "seed", platform: "bench" };
  await qingjian.say(said, "在吗");
  await qingjian.waitForReply("seed", () => true);
  const picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: "#4a90d9" } })
    .png()
    .toBuffer();
  await qingjian.sendPicture(said, picture, "这张图帮我放大2倍");
  await qingjian.waitForReply("seed", (text) => text.includes("元"), 60_000);
  await qingjian.say(said, "转人工");
  await service.post("/api/task/receive", {
    task_id: "seed",
    type: "bench",
    customer: { id: "seed" },
    trigger: { type: "customer_reply", keyword: "测试" },
    action: { type: "send_message", message: "测试消息" },
    created_by: "bench",
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await service.stop();
  await qingjian.close();
}

/** Copies those records as often as years of work would have made them. */
function fill(file: string): void {
  const db = new Database(file);
  db.exec("pragma journal_mode=off; pragma synchronous=off; pragma cache_size=-400000");
  const old = `'qingjian|bench|s1|${OLD}' || (n % ${CONVERSATIONS})`;
  const customer = `'${OLD}' || (n % ${CONVERSATIONS})`;
  copy("conversations", CONVERSATIONS, {
    id: old,
    external_id: customer,
    customer_id: customer,
    holder: "'bot'",
    held_by: "null",
    pending_since: "null",
    pending_count: "0",
  });
  const text =
    '\'[{"type":"text","text":"这张图帮我看一下，第\' || n || \'次，谢谢老板，急用的话怎么收费"}]\'';
  copy("messages", CONVERSATIONS * MESSAGES_OF_EACH, {
    id: "'old-m' || n",
    conversation_id: old,
    direction: "case n % 2 when 0 then 'in' else 'out' end",
    author: "case n % 2 when 0 then 'buyer' else 'bot' end",
    status: "case n % 2 when 0 then 'answered' else 'sent' end",
    dedupe_key: "case n % 2 when 0 then 'old' || n end",
    platform_message_id: "'old' || n",
    parts: text,
    turn_id: "null",
    firing_id: "null",
  });
  copy("tasks", RECORDS, { task_id: "'old-t' || n", customer_id: customer, status: "'completed'" });
  copy("handoffs", RECORDS, {
    id: "'old-h' || n",
    conversation_id: old,
    customer_id: customer,
    status: "case when n % 100 = 0 then 'queued' else 'returned' end",
  });
  copy("image_tasks", RECORDS, {
    id: "'old-o' || n",
    conversation_id: old,
    customer_id: customer,
    status: "case when n % 100 = 0 then 'quoted' else 'completed' end",
    created_at: "one.created_at - n * 1000",
  });
  db.exec("pragma journal_mode=wal; analyze");
  db.close();

  /** @param changed - SQL for the columns that are not as in the one record there is; n counts from 0 */
  function copy(name: string, count: number, changed: Record<string, string>): void {
    const columns = (db.prepare(`pragma table_info(${name})`).all() as { name: string }[])
      .map((column) => column.name)
      .filter((column) => column !== "seq");
    const values = columns.map((column) => changed[column] ?? `one."${column}"`);
    const { changes } = db
      .prepare(
        `insert into ${name} (${columns.map((column) => `"${column}"`).join(", ")})
        with recursive series(n) as (select 0 union all select n + 1 from series where n < ${count - 1})
        select ${values.join(", ")} from series, (select * from ${name} limit 1) one`,
      )
      .run();
    if (changes !== count) throw new Error(`there are ${changes} new ${name}, not ${count}: was one made?`);
  }
}

function settingsOf(dir: string, url: string): Record<string, string> {
  return {
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: url,
    QINGJIAN_PROFILE: "bench",
    MERGE_WINDOW_MS: "0",
    TIANWANG_CALLBACK_URL: "off",
    TUHUI_API_URL: "off",
  };
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
