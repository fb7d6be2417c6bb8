import type { Job } from "graphile-worker";
import { type Kysely, sql } from "kysely";
import { AppError, errorText } from "../../domain/errors.ts";
import { type JobHandler, type JobKind, type RunningJob, retryDelayMs } from "../../domain/jobs/jobs.ts";
import type { Log } from "../../domain/log.ts";
import { prepared } from "../prepared.ts";
import type { Database } from "../schema.ts";
import { timestamp } from "./job-queue.ts";

/** What migration 0004 puts around a payload. */
type Envelope = { payload: unknown; attempts: number; maxAttempts: number };

type Ending = { nextAt?: number; attempts: number; error: string | null; deadAt?: number };

const settleJob = prepared(
  (
    db,
    end: {
      id: string;
      pool: string | null;
      key: string | null;
      nextAt: string | null;
      attempts: number;
      error: string | null;
      deadAt: number | null;
    },
  ) =>
    db
      .selectFrom(
        sql<{ isOurs: boolean; nextAt: number | null }>`settle_job(${end.id}::bigint, ${end.pool}, ${end.key},
          ${end.nextAt}::timestamptz, ${end.attempts}::integer, ${end.error}, ${end.deadAt}::bigint)`.as<"settled">(
          sql`settled("isOurs", "nextAt")`,
        ),
      )
      .selectAll(),
);

/** What a worker does with a job it has taken: lets the handler run, then ends the run as the handler says. */
export function createJobWork(deps: {
  db: Kysely<Database>;
  now: () => number;
  random: () => number;
  log: Log;
  wake: (kind: JobKind, runAt: number) => void;
  handlerOf: (kind: JobKind) => JobHandler | undefined;
}) {
  const { db, now, random, log } = deps;

  return {
    /** Throws when the run could not be settled: then graphile-worker keeps the job, and it runs again. */
    async run(taken: Job): Promise<void> {
      const { payload, attempts, maxAttempts } = taken.payload as Envelope;
      const job: RunningJob = {
        id: taken.id,
        kind: taken.task_identifier as JobKind,
        payload,
        attempt: attempts + taken.attempts,
        maxAttempts,
      };
      const handler = deps.handlerOf(job.kind);
      let ending: Ending;
      try {
        if (handler === undefined) throw new Error(`no handler for ${job.kind}`);
        const outcome = await handler.run(job);
        ending =
          outcome.status === "done"
            ? { attempts: 0, error: null }
            : { nextAt: outcome.runAt, attempts: job.attempt - 1, error: null };
      } catch (error) {
        ending = await failed(job, handler, errorText(error));
      }
      await settle(taken, job, ending);
    },
  };

  async function failed(job: RunningJob, handler: JobHandler | undefined, error: string): Promise<Ending> {
    const { id: jobId, kind, attempt } = job;
    if (attempt < job.maxAttempts) {
      const retryInMs = retryDelayMs(attempt, handler?.retryDelaysMs, random());
      log.warn("jobs.failed", { kind, jobId, attempt, retryInMs, error });
      return { nextAt: now() + retryInMs, attempts: attempt, error };
    }
    log.error("jobs.dead", { kind, jobId, attempts: attempt, error });
    await handler?.onDead?.(job, error);
    return { attempts: attempt, error, deadAt: now() };
  }

  async function settle(taken: Job, { id, kind }: RunningJob, ending: Ending): Promise<void> {
    const settled = await settleJob.first(db, {
      id,
      pool: taken.locked_by,
      key: taken.key,
      nextAt: ending.nextAt === undefined ? null : timestamp(ending.nextAt),
      attempts: ending.attempts,
      error: ending.error,
      deadAt: ending.deadAt ?? null,
    });
    if (settled?.isOurs !== true)
      throw new AppError("job-lost", `job ${id} (${kind}) was given to another process meanwhile`);
    if (settled.nextAt !== null) deps.wake(kind, Number(settled.nextAt));
  }
}
