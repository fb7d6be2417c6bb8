import { sql } from "kysely";
import { afterEach, expect, it, vi } from "vitest";
import { silentLog } from "../../domain/log.ts";
import { aDatabase } from "../../testing/test-database.ts";
import { processTag } from "../process-name.ts";
import { createJobPools, shareAmong } from "./job-pools.ts";
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

it("lets exactly one of several processes look at once, and a busy one leave its own to the others", () => {
  const names = ["a", "b", "c"];
  const looking = (process: string, lot: number, isBusy: boolean) =>
    names.filter((mine) => shareAmong(names, mine)({ process, lot }, isBusy));

  for (const lot of [0, 0.2, 0.4, 0.6, 0.8, 0.99]) {
    for (const name of names) {
      expect(looking(processTag(name), lot, false)).toEqual([name]);
      expect(looking(processTag(name), lot, true)).toEqual([]);
    }
    for (const isBusy of [false, true]) expect(looking("", lot, isBusy)).toHaveLength(1);
  }
});

it.each([
  { what: "it is the only one", processes: ["a"] },
  { what: "it has not been seen yet", processes: ["b", "c"] },
])("lets a process look at once however busy it is when $what", ({ processes }) => {
  const looks = shareAmong(processes, "a");

  for (const process of [processTag("a"), processTag("b"), ""])
    for (const isBusy of [false, true]) expect(looks({ process, lot: 0.5 }, isBusy)).toBe(true);
});
