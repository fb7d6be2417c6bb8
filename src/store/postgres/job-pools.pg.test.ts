import { sql } from "kysely";
import { afterEach, expect, it, vi } from "vitest";
import { silentLog } from "../../domain/log.ts";
import { aDatabase } from "../../testing/test-database.ts";
import { createJobPools } from "./job-pools.ts";
import { openPostgresDatabase, openPostgresStore } from "./store.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("frees what a pool holds that died before its first beat, however far ahead its clock was", async () => {
  const database = await aDatabase("");
  const opened = await openPostgresStore({
    url: database.url,
    now: Date.now,
    random: Math.random,
    log: silentLog,
  });
  await opened.store.jobs.enqueue({ kind: "turn", payload: "cut off" });
  const { db, pool } = await openPostgresDatabase(database.url, silentLog);
  await sql`update graphile_worker._private_jobs set locked_by = 'pool-unknown', locked_at = now() + interval '1 hour'`.execute(
    db,
  );
  const pools = createJobPools(db);
  const isHeld = async () =>
    (await sql`select 1 from graphile_worker._private_jobs where locked_by is not null`.execute(db)).rows
      .length === 1;

  const begun = performance.now();
  expect(await pools.freeTheDead()).toBe(false);
  vi.spyOn(performance, "now").mockReturnValue(begun + 14_000);
  expect(await pools.freeTheDead()).toBe(false);
  expect(await isHeld()).toBe(true);
  vi.spyOn(performance, "now").mockReturnValue(begun + 16_000);
  expect(await pools.freeTheDead()).toBe(true);
  expect(await isHeld()).toBe(false);

  await pool.end();
  await opened.store.close();
  await database.drop();
});
