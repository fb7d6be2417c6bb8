import { type Kysely, sql } from "kysely";
import type { JobKind } from "../domain/jobs/jobs.ts";
import { prepared } from "./prepared.ts";
import { isGone, processName, processOf } from "./process-name.ts";
import type { Database } from "./schema.ts";

export const LEASE_MS = 15_000;

/** A job that this process holds until the lease runs out, under a name that no other claim has. */
export type LeasedJob = {
  id: number;
  kind: JobKind;
  payload: unknown;
  queue: string | null;
  attempts: number;
  maxAttempts: number;
  lease: string;
};

const FREED = {
  locked_by: null,
  locked_until: null,
  run_at: sql<number>`coalesce(rerun_at, run_at)`,
  rerun_at: null,
};

const forget = prepared((db, { id, lease }: { id: number; lease: string }) =>
  db.deleteFrom("jobs").where("id", "=", id).where("locked_by", "=", lease).where("rerun_at", "is", null),
);

/**
 * Who may run which job of the embedded table. Every claim is a lease with a name of its own, and only that lease
 * may settle the job: a run that lost its lease (the process stood still for too long) settles nothing.
 */
export function createJobLeases({
  db,
  now,
  random,
}: {
  db: Kysely<Database>;
  now: () => number;
  random: () => number;
}) {
  const holderName = `${processName()}:${Math.floor(random() * 1e9)}`;
  let claims = 0;

  return {
    /** Takes due jobs, oldest first; of one queue never two at a time, and never one before those ahead of it. */
    async claim(kinds: readonly JobKind[], limit: number): Promise<LeasedJob[]> {
      const at = now();
      claims += 1;
      const lease = `${holderName}:${claims}`;
      const { rows } = await sql<{
        id: number;
        kind: string;
        payload: string;
        queue: string | null;
        attempts: number;
        max_attempts: number;
      }>`
        update jobs set locked_by = ${lease}, locked_until = ${at + LEASE_MS}, attempts = attempts + 1
        where id in (
          select j.id from jobs j
          where j.kind in (${sql.join(kinds)}) and j.dead_at is null and j.run_at <= ${at}
            and (j.locked_until is null or j.locked_until < ${at})
            and (j.queue is null or not exists (
              select 1 from jobs o where o.queue = j.queue and o.id <> j.id
                and (o.locked_until >= ${at} or (o.id < j.id and o.dead_at is null and o.run_at <= ${at}))))
          order by j.run_at, j.id limit ${limit})
        returning id, kind, payload, queue, attempts, max_attempts`.execute(db);
      return rows
        .sort((a, b) => a.id - b.id)
        .map((row) => ({
          id: row.id,
          kind: row.kind as JobKind,
          payload: JSON.parse(row.payload) as unknown,
          queue: row.queue,
          attempts: row.attempts,
          maxAttempts: row.max_attempts,
          lease,
        }));
    },

    /** When the first free job of these kinds is due, or null. */
    async nextDue(kinds: readonly JobKind[]): Promise<number | null> {
      const next = await db
        .selectFrom("jobs")
        .select((eb) => eb.fn.min("run_at").as("at"))
        .where("kind", "in", kinds)
        .where("dead_at", "is", null)
        .where("locked_by", "is", null)
        .executeTakeFirst();
      return next?.at ?? null;
    },

    async renew(jobs: readonly LeasedJob[]): Promise<void> {
      if (jobs.length === 0) return;
      await db
        .updateTable("jobs")
        .set({ locked_until: now() + LEASE_MS })
        .where("locked_by", "in", [...new Set(jobs.map((job) => job.lease))])
        .where(
          "id",
          "in",
          jobs.map((job) => job.id),
        )
        .execute();
    },

    /** Forgets a job that is done; false when it was asked to run again meanwhile, or is not ours any more. */
    async forget({ id, lease }: LeasedJob): Promise<boolean> {
      return (await forget.run(db, { id, lease })) > 0;
    },

    /**
     * Gives a job back, to run at that time, or when it was asked to run again meanwhile, at that one.
     *
     * @returns when it runs, or null when it is not ours any more
     */
    async giveBack(
      { id, lease }: LeasedJob,
      next: { at: number; attempts: number; error: string | null },
    ): Promise<number | null> {
      const row = await db
        .updateTable("jobs")
        .set({
          run_at: sql<number>`coalesce(rerun_at, ${next.at})`,
          rerun_at: null,
          attempts: sql<number>`case when rerun_at is null then ${next.attempts} else 0 end`,
          locked_by: null,
          locked_until: null,
          last_error: next.error,
        })
        .where("id", "=", id)
        .where("locked_by", "=", lease)
        .returning("run_at")
        .executeTakeFirst();
      return row?.run_at ?? null;
    },

    /** Keeps a job that failed for good; false when it was asked to run again meanwhile, or is not ours any more. */
    async bury({ id, lease }: LeasedJob, error: string): Promise<boolean> {
      const result = await db
        .updateTable("jobs")
        .set({ dead_at: now(), locked_by: null, locked_until: null, last_error: error, job_key: null })
        .where("id", "=", id)
        .where("locked_by", "=", lease)
        .where("rerun_at", "is", null)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    /** Of these kinds, what that service's process still holds, which may not run them any more. */
    async freeOf(service: string, kinds: readonly JobKind[]): Promise<void> {
      await db
        .updateTable("jobs")
        .set(FREED)
        .where("kind", "in", kinds)
        .where("locked_by", "like", `${processOf(service)}:%`)
        .execute();
    },

    /** A process that was killed cannot free its leases; on this host we can see that it is gone. */
    async freeOfTheDead(): Promise<void> {
      const holders = await db
        .selectFrom("jobs")
        .select("locked_by")
        .distinct()
        .where("locked_by", "is not", null)
        .execute();
      for (const { locked_by: holder } of holders) {
        if (holder === null || holder.startsWith(`${holderName}:`) || !isGone(holder)) continue;
        await db.updateTable("jobs").set(FREED).where("locked_by", "=", holder).execute();
      }
    },
  };
}
