import { type Kysely, sql } from "kysely";
import type { JobKind, Jobs } from "../domain/jobs/jobs.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

export const DEFAULT_MAX_ATTEMPTS = 8;

type NewJob = {
  kind: JobKind;
  payload: string;
  key: string | null;
  queue: string | null;
  runAt: number;
  maxAttempts: number;
  at: number;
};

// A key that is null is never in conflict.
const putJob = prepared((db, job: NewJob) =>
  db
    .insertInto("jobs")
    .values({
      kind: job.kind,
      payload: job.payload,
      job_key: job.key,
      queue: job.queue,
      run_at: job.runAt,
      attempts: 0,
      max_attempts: job.maxAttempts,
      locked_by: null,
      locked_until: null,
      rerun_at: null,
      last_error: null,
      dead_at: null,
      created_at: job.at,
    })
    .onConflict((conflict) =>
      conflict.column("job_key").doUpdateSet({
        payload: (eb) => eb.ref("excluded.payload"),
        run_at: sql<number>`case when jobs.locked_by is null then excluded.run_at else jobs.run_at end`,
        rerun_at: sql<number | null>`case when jobs.locked_by is null then null else excluded.run_at end`,
        attempts: sql<number>`case when jobs.locked_by is null then 0 else jobs.attempts end`,
        dead_at: null,
      }),
    ),
);

/** Told after the commit which kinds may have work sooner than known. */
export type JobWake = (kind: JobKind, runAt: number) => void;

/**
 * The embedded job table. Enqueueing is one statement in the caller's transaction; a keyed job that is running
 * gets `rerun_at`, so a wish that comes while it runs is never lost.
 */
export function createJobQueue(db: Kysely<Database>, now: () => number, wake: JobWake): Jobs {
  return {
    async enqueue({ kind, payload, key, queue, runAt, maxAttempts }) {
      const at = now();
      const due = runAt ?? at;
      await putJob.run(db, {
        kind,
        payload: JSON.stringify(payload),
        key: key ?? null,
        queue: queue ?? null,
        runAt: due,
        maxAttempts: maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
        at,
      });
      wake(kind, due);
    },

    async cancel(key) {
      await db.updateTable("jobs").set({ rerun_at: null }).where("job_key", "=", key).execute();
      const result = await db
        .deleteFrom("jobs")
        .where("job_key", "=", key)
        .where("locked_by", "is", null)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}
