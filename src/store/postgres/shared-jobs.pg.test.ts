import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DONE } from "../../domain/jobs/jobs.ts";
import { silentLog } from "../../domain/log.ts";
import { aDatabase, type TestDatabase } from "../../testing/test-database.ts";
import { processName } from "../process-name.ts";
import { openPostgresDatabase, openPostgresStore } from "./store.ts";

type Opened = Awaited<ReturnType<typeof openPostgresStore>>;
let database: TestDatabase;
let one: Opened;
let other: Opened;

const open = () =>
  openPostgresStore({ url: database.url, now: Date.now, random: Math.random, log: silentLog });

beforeEach(async () => {
  database = await aDatabase("");
  [one, other] = await Promise.all([open(), open()]);
});
afterEach(async () => {
  await Promise.all([one, other].map(({ jobs }) => jobs.stop(2_000)));
  await Promise.all([one, other].map(({ store }) => store.close()));
  await database.drop();
});

it("never runs one key in two processes at a time, and loses no wish", async () => {
  const running = new Set<string>();
  const runs = new Map<string, number>();
  let overlaps = 0;
  const handler = ({ store }: Opened) => ({
    turn: {
      run: async (job: { payload: unknown }) => {
        const key = job.payload as string;
        if (running.has(key)) overlaps += 1;
        running.add(key);
        const run = (runs.get(key) ?? 0) + 1;
        runs.set(key, run);
        if (run < 4) await store.jobs.enqueue({ kind: "turn", key, payload: key });
        running.delete(key);
        return DONE;
      },
    },
  });
  one.jobs.start(handler(other));
  other.jobs.start(handler(one));

  const keys = Array.from({ length: 25 }, (_none, n) => `k${n}`);
  await Promise.all(
    keys.map((key, n) => (n % 2 === 0 ? one : other).store.jobs.enqueue({ kind: "turn", key, payload: key })),
  );
  await one.jobs.idle();
  await other.jobs.idle();

  expect(overlaps).toBe(0);
  expect([...runs.values()]).toEqual(keys.map(() => 4));
});

it("sees no wish lost when many ask for one key while it runs and ends", async () => {
  const asked = { highest: 0 };
  let seen = 0;
  const handlers = {
    turn: {
      run: async () => {
        seen = asked.highest;
        return DONE;
      },
    },
  };
  one.jobs.start(handlers);
  other.jobs.start(handlers);

  for (let round = 1; round <= 60; round += 1) {
    await Promise.all(
      [one, other].map(({ store }) =>
        store.transaction(async (tx) => {
          await tx.jobs.enqueue({ kind: "turn", key: "k", payload: round });
          asked.highest = round;
        }),
      ),
    );
    if (round % 10 === 0) {
      await one.jobs.idle();
      await other.jobs.idle();
      expect(seen).toBe(round);
    }
  }
});

it("wakes at the time of a job that is due later, to the moment", async () => {
  let ranAt = 0;
  other.jobs.start({
    turn: {
      run: async () => {
        ranAt = Date.now();
        return DONE;
      },
    },
  });
  await other.jobs.idle();
  const runAt = Date.now() + 700;

  await other.store.jobs.enqueue({ kind: "turn", payload: 1, runAt });

  await expect.poll(() => ranAt, { timeout: 9_000 }).toBeGreaterThanOrEqual(runAt);
  expect(ranAt - runAt).toBeLessThan(1_500);
});

it("runs at the next start what a process was running that is gone", async () => {
  await one.store.jobs.enqueue({ kind: "turn", key: "k", payload: "cut off" });
  const { db, pool } = await openPostgresDatabase(database.url, silentLog);
  await sql`update graphile_worker._private_jobs set locked_by = 'pool-dead', locked_at = now(), attempts = 1`.execute(
    db,
  );
  await sql`insert into job_pools values ('pool-dead', ${processName().replace(/:\d+:/u, ":4194304:")}, now())`.execute(
    db,
  );
  await pool.end();
  const attempts: number[] = [];

  one.jobs.start({
    turn: {
      run: async (job) => {
        attempts.push(job.attempt);
        return DONE;
      },
    },
  });
  await one.jobs.idle();

  expect(attempts).toEqual([2]);
});

it("frees what a process of another host held when it has not been seen for a while", async () => {
  await one.store.jobs.enqueue({ kind: "turn", payload: "cut off" });
  const { db, pool } = await openPostgresDatabase(database.url, silentLog);
  await sql`update graphile_worker._private_jobs set locked_by = 'pool-far', locked_at = now()`.execute(db);
  await sql`insert into job_pools values ('pool-far', 'elsewhere:1:1', now() - interval '16 seconds')`.execute(
    db,
  );
  await pool.end();
  const ran: unknown[] = [];

  one.jobs.start({
    turn: {
      run: async (job) => {
        ran.push(job.payload);
        return DONE;
      },
    },
  });
  await one.jobs.idle();

  expect(ran).toEqual(["cut off"]);
});

it("settles nothing of a job that was given to another process meanwhile", async () => {
  const runs: string[] = [];
  const { db, pool } = await openPostgresDatabase(database.url, silentLog);
  one.jobs.start({
    turn: {
      run: async () => {
        runs.push("first");
        await sql`update graphile_worker._private_jobs set locked_by = 'pool-other'`.execute(db);
        return DONE;
      },
    },
  });
  await one.store.jobs.enqueue({ kind: "turn", payload: 1 });
  await expect.poll(() => runs).toEqual(["first"]);
  await one.jobs.stop(2_000);

  expect(await other.jobs.depth()).toEqual({ turn: 1 });
  await pool.end();
});
