import { hostname } from "node:os";
import { type Kysely, sql } from "kysely";
import { errorText } from "../domain/errors.ts";
import {
  type JobHandler,
  type JobKind,
  type JobRunner,
  type RunningJob,
  retryDelayMs,
} from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

/** Kinds that share workers, so that slow pictures never keep a reply waiting. */
const LANES: { name: string; kinds: JobKind[]; concurrency: number }[] = [
  { name: "turn", kinds: ["turn"], concurrency: 64 },
  { name: "deliver", kinds: ["deliver"], concurrency: 64 },
  {
    name: "task",
    kinds: [
      "task-time",
      "task-action",
      "task-expire",
      "task-no-reply",
      "order-event",
      "order-close",
      "person-idle",
    ],
    concurrency: 32,
  },
  { name: "work", kinds: ["workflow"], concurrency: 4 },
  {
    name: "outside",
    kinds: ["transfer", "task-callback", "tuhui-order", "tuhui-requirement", "tuhui-cancel", "tuhui-poll"],
    concurrency: 16,
  },
];

const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** Catches what no wake-up announced: an expired lease, a clock that jumped. */
const SAFETY_POLL_MS = 2_000;
const CLAIM_BATCH = 32;

type Lane = {
  name: string;
  kinds: JobKind[];
  concurrency: number;
  running: Set<number>;
  timer: NodeJS.Timeout | null;
  timerAt: number;
  claiming: boolean;
  claimAgain: boolean;
  /** The last look took all it could, so there may be more. */
  mayHaveMore: boolean;
};

type ClaimedRow = {
  id: number;
  kind: string;
  payload: string;
  queue: string | null;
  attempts: number;
  max_attempts: number;
};

const forget = prepared((db, { id, worker }: { id: number; worker: string }) =>
  db.deleteFrom("jobs").where("id", "=", id).where("locked_by", "=", worker).where("rerun_at", "is", null),
);

export type EmbeddedJobRunner = JobRunner & { wake(kind: JobKind, runAt: number): void };

/**
 * Runs the embedded job table. Every claim is a lease with this process's name; a killed process's leases are
 * freed when the next one starts on the same host, or when they run out.
 */
export function createJobRunner(deps: {
  db: Kysely<Database>;
  now: () => number;
  random: () => number;
  log: Log;
}): EmbeddedJobRunner {
  const { db, now, random, log } = deps;
  const workerId = `${hostname()}:${process.pid}:${Math.floor(random() * 1e9)}`;
  const lanes: Lane[] = LANES.map((lane) => ({
    ...lane,
    running: new Set(),
    timer: null,
    timerAt: Number.POSITIVE_INFINITY,
    claiming: false,
    claimAgain: false,
    mayHaveMore: false,
  }));
  const laneOf = new Map(lanes.flatMap((lane) => lane.kinds.map((kind) => [kind, lane] as const)));
  let handlers: Partial<Record<JobKind, JobHandler>> = {};
  let started = false;
  let renewTimer: NodeJS.Timeout | null = null;
  let idleWaiters: (() => void)[] = [];

  function schedule(lane: Lane, at: number): void {
    if (!started || at >= lane.timerAt) return;
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timerAt = at;
    lane.timer = setTimeout(
      () => {
        lane.timer = null;
        lane.timerAt = Number.POSITIVE_INFINITY;
        void claim(lane).then(() => scheduleNext(lane));
      },
      Math.max(0, Math.min(at - now(), SAFETY_POLL_MS)),
    );
  }

  async function claim(lane: Lane): Promise<void> {
    if (!started) return;
    if (lane.claiming) {
      lane.claimAgain = true;
      return;
    }
    lane.claiming = true;
    try {
      do {
        lane.claimAgain = false;
        const free = lane.concurrency - lane.running.size;
        if (free <= 0) {
          lane.mayHaveMore = true;
          break;
        }
        const rows = await claimRows(lane, Math.min(free, CLAIM_BATCH));
        for (const row of rows) {
          // After a stall longer than the lease our own running job looks free: it is not.
          if (lane.running.has(row.id)) continue;
          lane.running.add(row.id);
          void execute(lane, row);
        }
        lane.mayHaveMore = rows.length === Math.min(free, CLAIM_BATCH);
        if (lane.mayHaveMore && lane.running.size < lane.concurrency) lane.claimAgain = true;
      } while (lane.claimAgain && started);
    } catch (error) {
      log.error("jobs.claim_failed", { lane: lane.name, error: errorText(error) });
      schedule(lane, now() + SAFETY_POLL_MS);
    } finally {
      lane.claiming = false;
      tellIdle();
    }
  }

  async function claimRows(lane: Lane, limit: number): Promise<ClaimedRow[]> {
    const at = now();
    const kinds = lane.kinds.filter((kind) => handlers[kind] !== undefined);
    if (kinds.length === 0) return [];
    const { rows } = await sql<ClaimedRow>`
      update jobs set locked_by = ${workerId}, locked_until = ${at + LEASE_MS}, attempts = attempts + 1
      where id in (
        select j.id from jobs j
        where j.kind in (${sql.join(kinds)}) and j.dead_at is null and j.run_at <= ${at}
          and (j.locked_until is null or j.locked_until < ${at})
          and (j.queue is null or not exists (
            select 1 from jobs o where o.queue = j.queue and o.id <> j.id
              and (o.locked_until >= ${at} or (o.id < j.id and o.dead_at is null and o.run_at <= ${at}))))
        order by j.run_at, j.id limit ${limit})
      returning id, kind, payload, queue, attempts, max_attempts`.execute(db);
    return rows.sort((a, b) => a.id - b.id);
  }

  /** Every enqueue of ours wakes its lane; this finds what others enqueued, and keeps the safety look going. */
  async function scheduleNext(lane: Lane): Promise<void> {
    if (!started) return;
    const next = await db
      .selectFrom("jobs")
      .select((eb) => eb.fn.min("run_at").as("at"))
      .where("kind", "in", lane.kinds)
      .where("dead_at", "is", null)
      .where("locked_by", "is", null)
      .executeTakeFirst();
    schedule(lane, Math.min(next?.at ?? Number.POSITIVE_INFINITY, now() + SAFETY_POLL_MS));
  }

  async function execute(lane: Lane, row: ClaimedRow): Promise<void> {
    const job: RunningJob = {
      id: String(row.id),
      kind: row.kind as JobKind,
      payload: JSON.parse(row.payload) as unknown,
      attempt: row.attempts,
      maxAttempts: row.max_attempts,
    };
    const handler = handlers[job.kind];
    try {
      if (handler === undefined) throw new Error(`no handler for ${job.kind}`);
      const outcome = await handler.run(job);
      if (outcome.status === "done") await complete(row, job.kind);
      else await runAgain(row.id, outcome.runAt, row.attempts - 1, null);
    } catch (error) {
      await fail(row, job, handler, error);
    } finally {
      lane.running.delete(row.id);
      // With nothing known to be waiting there is nothing to ask the database for.
      if (lane.mayHaveMore) void claim(lane);
      else tellIdle();
    }
  }

  /** Forgets the job, unless it was asked to run again meanwhile. */
  async function complete({ id, queue }: ClaimedRow, kind: JobKind): Promise<void> {
    if ((await forget.run(db, { id, worker: workerId })) === 0) await runAgain(id, null, 0, null);
    // Jobs of the same queue waited for this one.
    else if (queue !== null) wake(kind, now());
  }

  async function runAgain(
    id: number,
    at: number | null,
    attempts: number,
    error: string | null,
  ): Promise<void> {
    const row = await db
      .updateTable("jobs")
      .set({
        run_at: sql<number>`coalesce(rerun_at, ${at ?? now()})`,
        rerun_at: null,
        attempts: sql<number>`case when rerun_at is null then ${attempts} else 0 end`,
        locked_by: null,
        locked_until: null,
        last_error: error,
      })
      .where("id", "=", id)
      .where("locked_by", "=", workerId)
      .returning(["kind", "run_at", "queue"])
      .executeTakeFirst();
    if (row !== undefined) wake(row.kind as JobKind, row.run_at);
  }

  async function fail(
    row: ClaimedRow,
    job: RunningJob,
    handler: JobHandler | undefined,
    error: unknown,
  ): Promise<void> {
    const text = errorText(error).slice(0, 500);
    try {
      if (row.attempts < row.max_attempts) {
        const delay = retryDelayMs(row.attempts, handler?.retryDelaysMs, random());
        log.warn("jobs.failed", {
          kind: job.kind,
          jobId: job.id,
          attempt: row.attempts,
          retryInMs: delay,
          error: text,
        });
        await runAgain(row.id, now() + delay, row.attempts, text);
        return;
      }
      log.error("jobs.dead", { kind: job.kind, jobId: job.id, attempts: row.attempts, error: text });
      await handler?.onDead?.(job, text);
      await db
        .updateTable("jobs")
        .set({ dead_at: now(), locked_by: null, locked_until: null, last_error: text, job_key: null })
        .where("id", "=", row.id)
        .execute();
    } catch (inner) {
      // The lease runs out and the job is tried again: nothing is lost while the database is away.
      log.error("jobs.settle_failed", { kind: job.kind, jobId: job.id, error: errorText(inner) });
    }
  }

  async function renew(): Promise<void> {
    const ids = lanes.flatMap((lane) => [...lane.running]);
    if (ids.length === 0) return;
    await db
      .updateTable("jobs")
      .set({ locked_until: now() + LEASE_MS })
      .where("id", "in", ids)
      .where("locked_by", "=", workerId)
      .execute();
  }

  /** A process that was killed cannot free its leases; on this host we can see that it is gone. */
  async function freeDeadLeases(): Promise<void> {
    const holders = await db
      .selectFrom("jobs")
      .select("locked_by")
      .distinct()
      .where("locked_by", "is not", null)
      .execute();
    for (const { locked_by: holder } of holders) {
      if (holder === null || !isGone(holder)) continue;
      await db
        .updateTable("jobs")
        .set({
          locked_by: null,
          locked_until: null,
          run_at: sql<number>`coalesce(rerun_at, run_at)`,
          rerun_at: null,
        })
        .where("locked_by", "=", holder)
        .execute();
    }
  }

  function isGone(holder: string): boolean {
    const [host, pid] = holder.split(":");
    if (host !== hostname() || holder === workerId) return false;
    if (Number(pid) === process.pid) return true;
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch {
      return true;
    }
  }

  function tellIdle(): void {
    if (idleWaiters.length === 0) return;
    if (lanes.some((lane) => lane.running.size > 0 || lane.claiming)) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  function wake(kind: JobKind, runAt: number): void {
    const lane = laneOf.get(kind);
    if (lane === undefined || !started) return;
    if (runAt <= now()) void claim(lane);
    else schedule(lane, runAt);
  }

  return {
    wake,

    start(toRun) {
      handlers = toRun;
      started = true;
      renewTimer = setInterval(() => {
        renew().catch((error: unknown) => log.error("jobs.renew_failed", { error: errorText(error) }));
      }, RENEW_MS);
      renewTimer.unref();
      freeDeadLeases()
        .catch((error: unknown) => log.error("jobs.free_failed", { error: errorText(error) }))
        .finally(() => {
          for (const lane of lanes) schedule(lane, now());
        });
    },

    async stop(timeoutMs) {
      started = false;
      for (const lane of lanes) if (lane.timer !== null) clearTimeout(lane.timer);
      const deadline = now() + timeoutMs;
      while (lanes.some((lane) => lane.running.size > 0 || lane.claiming) && now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      if (renewTimer !== null) clearInterval(renewTimer);
    },

    async idle() {
      for (;;) {
        await new Promise<void>((resolve) => {
          idleWaiters.push(resolve);
          setImmediate(tellIdle);
        });
        const due = await db
          .selectFrom("jobs")
          .select("id")
          .where("dead_at", "is", null)
          .where("run_at", "<=", now())
          .limit(1)
          .executeTakeFirst();
        if (due === undefined) return;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },

    async dead(kind) {
      let query = db.selectFrom("jobs").selectAll().where("dead_at", "is not", null);
      if (kind !== undefined) query = query.where("kind", "=", kind);
      const rows = await query.orderBy("dead_at", "desc").limit(200).execute();
      return rows.map((row) => ({
        id: String(row.id),
        kind: row.kind as JobKind,
        payload: JSON.parse(row.payload) as unknown,
        attempts: row.attempts,
        error: row.last_error ?? "",
        deadAt: row.dead_at ?? 0,
      }));
    },

    async replay(id) {
      const row = await db
        .updateTable("jobs")
        .set({ dead_at: null, attempts: 0, run_at: now() })
        .where("id", "=", Number(id))
        .where("dead_at", "is not", null)
        .returning("kind")
        .executeTakeFirst();
      if (row === undefined) return false;
      wake(row.kind as JobKind, now());
      return true;
    },

    async depth() {
      const rows = await db
        .selectFrom("jobs")
        .select((eb) => ["kind", eb.fn.countAll<number>().as("count")])
        .where("dead_at", "is", null)
        .groupBy("kind")
        .execute();
      return Object.fromEntries(rows.map((row) => [row.kind, Number(row.count)]));
    },
  };
}
