import { createConnection, createServer, type Server, type Socket } from "node:net";
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DONE } from "../../domain/jobs/jobs.ts";
import { silentLog } from "../../domain/log.ts";
import { aDatabase, type TestDatabase } from "../../testing/test-database.ts";
import { processName, processTag } from "../process-name.ts";
import { openPostgresStore } from "./store.ts";

// What must not wait for the workers' own look, which comes every ten seconds.
const SOON_MS = 3_000;

type Opened = Awaited<ReturnType<typeof openPostgresStore>>;
type Line = { down: Socket; up: Socket; isListener: boolean; isFrozen: boolean };

let database: TestDatabase;
let opened: Opened[] = [];
let proxy: Server;
let lines: Line[] = [];

beforeEach(async () => {
  database = await aDatabase("");
  proxy = await aProxy();
});
afterEach(async () => {
  await Promise.all(opened.map(({ jobs }) => jobs.stop(1_000)));
  for (const { down, up } of lines) for (const socket of [down, up]) socket.destroy();
  await Promise.all(opened.map(({ store }) => store.close().catch(() => {})));
  opened = [];
  lines = [];
  proxy.close();
  await database.drop();
});

it("runs beside each other what one transaction asks for at one time", async () => {
  const one = await open(database.url);
  const begun = performance.now();
  const started: number[] = [];
  one.jobs.start({
    workflow: {
      run: async () => {
        started.push(performance.now() - begun);
        await pause(SOON_MS);
        return DONE;
      },
    },
  });
  await pause(500);
  const runAt = Date.now();
  await one.store.transaction(async (tx) => {
    for (let n = 0; n < 3; n += 1) await tx.jobs.enqueue({ kind: "workflow", payload: n, runAt });
  });

  await expect.poll(() => started.length, { timeout: SOON_MS }).toBe(3);
});

it("gives what a full process cannot take to an idle one", async () => {
  const [full, idle] = [await open(database.url), await open(database.url)];
  const ran: unknown[] = [];
  let letGo: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const handlers = {
    turn: {
      run: async ({ payload }: { payload: unknown }) => {
        if (payload === "slow") await gate;
        else ran.push(payload);
        return DONE;
      },
    },
  };
  full.jobs.start(handlers);
  for (let n = 0; n < 64; n += 1) await full.store.jobs.enqueue({ kind: "turn", payload: "slow" });
  await expect.poll(async () => (await full.jobs.lateness()).turn ?? 0, { timeout: SOON_MS }).toBe(0);
  idle.jobs.start(handlers);
  await pause(500);

  for (let n = 1; n <= 4; n += 1) {
    await full.store.jobs.enqueue({ kind: "turn", payload: n });
    await expect.poll(() => ran.length, { timeout: SOON_MS, interval: 10 }).toBe(n);
  }
  letGo();
});

it.each([
  { from: "a process that has just gone", name: "!" },
  { from: "one that runs no jobs, by lot also of one that has just gone", name: "a command" },
])("runs within a moment what comes from $from", async ({ name }) => {
  const one = await open(database.url);
  // Names on both sides of ours: whichever part is ours, some lots are another's.
  const client = await connected();
  await client.query(
    "insert into job_pools (pool_id, process, seen_at) values ('!', '!', now()), ('~', '~', now())",
  );
  const ran = countingTurns(one);
  await pause(500);

  await client.query(`set tianwang.process = '${processTag(name)}'`);
  for (let n = 1; n <= 20; n += 1) {
    await client.query("select enqueue_job('turn', $1::json, null, null, now(), 1)", [n]);
    await expect.poll(ran, { timeout: SOON_MS, interval: 10 }).toBe(n);
  }
  await client.end();
});

it("tells with each job the process that put it there", async () => {
  const one = await open(database.url);
  const client = await connected();
  const told: string[] = [];
  client.on("notification", ({ payload }) => told.push(payload?.split(":")[2] ?? ""));
  await client.query('listen "jobs:turn"');

  await one.store.jobs.enqueue({ kind: "turn", payload: 1 });
  await client.query("select enqueue_job('turn', '2'::json, null, null, now(), 1)");
  await expect.poll(() => told).toEqual([processTag(processName()), ""]);
  await client.end();
});

it("finds what is due now when the process's own clock is ahead of the wall's", async () => {
  const one = await open(database.url, () => Date.now() + 50);
  const ran = countingTurns(one);
  await pause(500);

  for (let n = 1; n <= 4; n += 1) {
    await one.store.jobs.enqueue({ kind: "turn", payload: n });
    await expect.poll(ran, { timeout: SOON_MS, interval: 10 }).toBe(n);
  }
});

it.each([
  { when: "within the millisecond that it is told in", dueInMs: 0.45, busyMs: 0 },
  { when: "a little later, and the process is busy", dueInMs: 20.45, busyMs: 5 },
])("finds what is due $when", async ({ dueInMs, busyMs }) => {
  const one = await open(database.url);
  const client = await connected();
  const ran = countingTurns(one);
  await pause(500);

  for (let n = 1; n <= 100; n += 1) {
    await client.query(
      `select enqueue_job('turn', $1::json, null, null,
        date_trunc('milliseconds', clock_timestamp()) + $2 * interval '1 millisecond', 1)`,
      [n, dueInMs],
    );
    blockFor(busyMs);
    await expect.poll(ran, { timeout: SOON_MS, interval: 1 }).toBe(n);
  }
  await client.end();
});

it("hears of its own jobs when the connection that listens is silently dead", async () => {
  const one = await open(throughProxy());
  const ran = countingTurns(one);
  await one.store.jobs.enqueue({ kind: "turn", payload: 1 });
  await expect.poll(ran, { timeout: SOON_MS }).toBe(1);
  for (const line of lines) line.isFrozen ||= line.isListener;

  await one.store.jobs.enqueue({ kind: "turn", payload: 2 });
  await expect.poll(ran, { timeout: SOON_MS }).toBe(2);
});

it("runs a job whose worker's connection was lost while it was being taken", {
  timeout: 30_000,
}, async () => {
  const one = await open(throughProxy());
  const ran = countingTurns(one);
  await one.store.jobs.enqueue({ kind: "turn", payload: 1 });
  await expect.poll(ran, { timeout: SOON_MS }).toBe(1);
  whenSent = (text, line) => {
    if (!text.includes("get_job") || line.isListener) return;
    whenSent = () => {};
    // The database takes the job for us, and its answer is lost.
    line.isFrozen = true;
    setTimeout(() => line.down.destroy(), 200);
  };

  await one.store.jobs.enqueue({ kind: "turn", payload: 2 });
  await expect.poll(ran, { timeout: 20_000 }).toBe(2);
});

async function open(url: string, now: () => number = Date.now): Promise<Opened> {
  const one = await openPostgresStore({ url, now, random: Math.random, log: silentLog });
  opened.push(one);
  return one;
}

/** Keeps the event loop from its timers. */
function blockFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

function countingTurns({ jobs }: Opened): () => number {
  let count = 0;
  jobs.start({
    turn: {
      run: async () => {
        count += 1;
        return DONE;
      },
    },
  });
  return () => count;
}

let whenSent: (text: string, line: Line) => void = () => {};

/** Stands between the process and the database, and can let a connection go silent without ending it. */
async function aProxy(): Promise<Server> {
  const { hostname, port } = new URL(database.url);
  const server = createServer((down) => {
    const line: Line = {
      down,
      up: createConnection(Number(port || 5432), hostname),
      isListener: false,
      isFrozen: false,
    };
    lines.push(line);
    down.on("data", (data) => {
      const text = data.toString("latin1");
      line.isListener ||= text.includes('LISTEN "jobs:insert"');
      if (!line.isFrozen) line.up.write(data);
      whenSent(text, line);
    });
    line.up.on("data", (data) => {
      if (!line.isFrozen) down.write(data);
    });
    for (const socket of [down, line.up])
      socket
        .on("error", () => {})
        .on("close", () => {
          if (!line.isFrozen) for (const side of [down, line.up]) side.destroy();
        });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function throughProxy(): string {
  const url = new URL(database.url);
  url.hostname = "127.0.0.1";
  url.port = String((proxy.address() as { port: number }).port);
  return url.href;
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
