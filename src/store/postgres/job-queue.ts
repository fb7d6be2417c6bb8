import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Jobs } from "../../domain/jobs/jobs.ts";
import { DEFAULT_MAX_ATTEMPTS, type JobWake } from "../job-queue.ts";
import { prepared } from "../prepared.ts";
import type { Database } from "../schema.ts";

/** What graphile-worker's tables take, in characters. */
const MOST_KEY = 512;
const MOST_QUEUE = 128;
const LAST_INSTANT = Date.parse("9999-12-31T00:00:00Z");

type NewJob = {
  kind: string;
  payload: string;
  key: string | null;
  queue: string | null;
  runAt: string;
  maxAttempts: number;
};

const enqueueJob = prepared((db, job: NewJob) =>
  db.selectNoFrom(
    sql`enqueue_job(${job.kind}, ${job.payload}::json, ${job.key}, ${job.queue}, ${job.runAt}::timestamptz, ${job.maxAttempts}::integer)`.as(
      "done",
    ),
  ),
);
const cancelJob = prepared((db, { key }: { key: string }) =>
  db.selectNoFrom(sql<boolean>`cancel_job(${key})`.as("isCancelled")),
);

/** graphile-worker's jobs, put there and taken away by one statement in the caller's transaction (migration 0004). */
export function createPostgresJobQueue(db: Kysely<Database>, now: () => number, wake: JobWake): Jobs {
  return {
    async enqueue({ kind, payload, key, queue, runAt, maxAttempts }) {
      const due = runAt ?? now();
      await enqueueJob.all(db, {
        kind,
        payload: JSON.stringify(payload),
        key: key === undefined ? null : shortName(key, MOST_KEY),
        queue: queue === undefined ? null : shortName(queue, MOST_QUEUE),
        runAt: timestamp(due),
        maxAttempts: maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
      });
      wake(kind, due);
    },

    async cancel(key) {
      return (await cancelJob.first(db, { key: shortName(key, MOST_KEY) }))?.isCancelled === true;
    },
  };
}

/** Exact to the millisecond, as a number of seconds would not be; a time PostgreSQL cannot hold is the nearest it can. */
export function timestamp(at: number): string {
  return new Date(Math.max(0, Math.min(at, LAST_INSTANT))).toISOString();
}

/** A name made of a stranger's ids may be longer than the table takes. */
function shortName(name: string, most: number): string {
  return name.length <= most ? name : `sha256:${createHash("sha256").update(name).digest("hex")}`;
}
