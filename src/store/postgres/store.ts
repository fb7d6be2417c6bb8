import { runMigrations } from "graphile-worker";
import { Kysely, PostgresDialect } from "kysely";
import { AppError, errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import type { Store } from "../../domain/records.ts";
import type { WakeableJobRunner } from "../job-lanes.ts";
import { migrate } from "../migrations.ts";
import type { Database } from "../schema.ts";
import { createStore } from "../store.ts";
import { createPostgresJobQueue } from "./job-queue.ts";
import { createPostgresJobRunner } from "./job-runner.ts";
import { createPool, isConflict, poolForKysely } from "./pool.ts";
import { workerLog } from "./worker-log.ts";

/** Per process: with 100 connections, as PostgreSQL comes, three processes fit beside what else looks at it. */
const MOST_CONNECTIONS = 16;
/** A listener per lane, and some for its workers to take and settle jobs. */
const MOST_WORKER_CONNECTIONS = 10;

/**
 * Jobs come and go, and only an index scan puts the dead ones aside as it passes them: a bitmap scan, which the planner
 * takes when it last saw the table at a quiet moment, reads all of them at every look, until the next vacuum.
 */
const WORKER_SETTINGS = { enable_bitmapscan: "off", enable_seqscan: "off", jit: "off" };

/** The database with our tables and graphile-worker's, up to date; for the service and for commands that move data. */
export async function openPostgresDatabase(url: string, log: Log) {
  const pool = createPool(url, { max: MOST_CONNECTIONS, log });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: poolForKysely(pool) }) });
  try {
    await runMigrations({ pgPool: pool, logger: workerLog(log) });
    await migrate(db, "postgres");
  } catch (error) {
    await pool.end();
    if (error instanceof AppError) throw error;
    throw new AppError("store-unavailable", `the database cannot be opened: ${errorText(error)}`, {
      cause: error,
    });
  }
  return { db, pool };
}

/** Opens (and brings up to date) the app's PostgreSQL store and its job runner. */
export async function openPostgresStore(deps: {
  url: string;
  now: () => number;
  random: () => number;
  log: Log;
}): Promise<{ store: Store; jobs: WakeableJobRunner }> {
  const { url, now, random, log } = deps;
  const { db, pool } = await openPostgresDatabase(url, log);
  const workers = createPool(url, {
    max: MOST_WORKER_CONNECTIONS,
    log,
    numbers: false,
    settings: WORKER_SETTINGS,
    onLost: () => jobs.renew(),
  });
  const jobs = createPostgresJobRunner({ db, workers, now, random, log });
  const store = createStore(db, {
    now,
    // The commit tells every process (migration 0007); our own need not hear it from the database.
    wake: jobs.wake,
    jobsOn: (on, wake) => createPostgresJobQueue(on, now, wake),
    isConflict,
  });
  return {
    store: {
      ...store,
      async close() {
        await Promise.all([pool.end(), workers.end()]);
      },
    },
    jobs,
  };
}
