import type { Kysely } from "kysely";
import { errorText } from "../domain/errors.ts";
import { type JobHandler, type JobKind, type RunningJob, retryDelayMs } from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import { listDead } from "./dead-jobs.ts";
import { JOB_LANES, type WakeableJobRunner } from "./job-lanes.ts";
import { createJobLeases, type LeasedJob } from "./job-leases.ts";
import type { Database } from "./schema.ts";

const RENEW_MS = 5_000;
/** Catches what no wake-up announced: an expired lease, a clock that jumped. */
const SAFETY_POLL_MS = 2_000;
const CLAIM_BATCH = 32;
const LOOK_AGAIN_MS = 10;

type Lane = {
  name: string;
  kinds: JobKind[];
  concurrency: number;
  running: Map<number, LeasedJob>;
  /** Claimed again while its earlier run has not ended: of one job never two run at a time. */
  heldBack: Map<number, LeasedJob>;
  timer: NodeJS.Timeout | null;
  timerAt: number;
  claiming: boolean;
  claimAgain: boolean;
  /** The last look took all it could, so there may be more. */
  mayHaveMore: boolean;
};

/** Runs the embedded job table: lanes of workers that are woken by what is enqueued, and look by themselves for the rest. */
export function createJobRunner(deps: {
  db: Kysely<Database>;
  now: () => number;
  random: () => number;
  log: Log;
}): WakeableJobRunner {
  const { db, now, random, log } = deps;
  const leases = createJobLeases({ db, now, random });
  const lanes: Lane[] = JOB_LANES.map((lane) => ({
    ...lane,
    running: new Map(),
    heldBack: new Map(),
    timer: null,
    timerAt: Number.POSITIVE_INFINITY,
    claiming: false,
    claimAgain: false,
    mayHaveMore: false,
  }));
  const laneOf = new Map(lanes.flatMap((lane) => lane.kinds.map((kind) => [kind, lane] as const)));
  let handlers: Partial<Record<JobKind, JobHandler>> = {};
  /** Kinds that another process may be running. */
  const elsewhere = new Set<JobKind>();
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
        const most = Math.min(free, CLAIM_BATCH);
        const kinds = handled(lane);
        const jobs = kinds.length === 0 ? [] : await leases.claim(kinds, most);
        for (const job of jobs)
          if (lane.running.has(job.id)) lane.heldBack.set(job.id, job);
          else void execute(lane, job);
        lane.mayHaveMore = jobs.length === most;
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

  /** Every enqueue of ours wakes its lane; this finds what others enqueued, and keeps the safety look going. */
  async function scheduleNext(lane: Lane): Promise<void> {
    if (!started) return;
    let due: number | null = null;
    try {
      const kinds = handled(lane);
      due = kinds.length === 0 ? null : await leases.nextDue(kinds);
    } catch (error) {
      log.error("jobs.look_failed", { lane: lane.name, error: errorText(error) });
    }
    schedule(lane, Math.min(due ?? Number.POSITIVE_INFINITY, now() + SAFETY_POLL_MS));
  }

  /** What nobody here handles waits for a process that does. */
  function handled(lane: Lane): JobKind[] {
    return lane.kinds.filter((kind) => handlers[kind] !== undefined && !elsewhere.has(kind));
  }

  async function execute(lane: Lane, leased: LeasedJob): Promise<void> {
    lane.running.set(leased.id, leased);
    await run(leased);
    lane.running.delete(leased.id);
    const again = lane.heldBack.get(leased.id);
    lane.heldBack.delete(leased.id);
    if (again !== undefined) void execute(lane, again);
    // With nothing known to be waiting there is nothing to ask the database for.
    else if (lane.mayHaveMore) void claim(lane);
    else tellIdle();
  }

  async function run(leased: LeasedJob): Promise<void> {
    const job: RunningJob = {
      id: String(leased.id),
      kind: leased.kind,
      payload: leased.payload,
      attempt: leased.attempts,
      maxAttempts: leased.maxAttempts,
    };
    const handler = handlers[job.kind];
    try {
      if (handler === undefined) throw new Error(`no handler for ${job.kind}`);
      const outcome = await handler.run(job);
      if (outcome.status === "done") await complete(leased);
      else await giveBack(leased, { at: outcome.runAt, attempts: leased.attempts - 1, error: null });
    } catch (error) {
      await fail(leased, job, handler, error);
    }
  }

  /** Forgets the job, unless it was asked to run again meanwhile. */
  async function complete(leased: LeasedJob): Promise<void> {
    if (!(await leases.forget(leased))) await giveBack(leased, { at: now(), attempts: 0, error: null });
    // Jobs of the same queue waited for this one.
    else if (leased.queue !== null) wake(leased.kind, now());
  }

  async function giveBack(
    leased: LeasedJob,
    next: { at: number; attempts: number; error: string | null },
  ): Promise<void> {
    const runAt = await leases.giveBack(leased, next);
    if (runAt !== null) wake(leased.kind, runAt);
  }

  async function fail(
    leased: LeasedJob,
    job: RunningJob,
    handler: JobHandler | undefined,
    error: unknown,
  ): Promise<void> {
    const text = errorText(error).slice(0, 500);
    const { kind, id: jobId, attempt } = job;
    try {
      if (attempt < job.maxAttempts) {
        const retryInMs = retryDelayMs(attempt, handler?.retryDelaysMs, random());
        log.warn("jobs.failed", { kind, jobId, attempt, retryInMs, error: text });
        await giveBack(leased, { at: now() + retryInMs, attempts: attempt, error: text });
        return;
      }
      log.error("jobs.dead", { kind, jobId, attempts: attempt, error: text });
      await handler?.onDead?.(job, text);
      if (!(await leases.bury(leased, text))) await giveBack(leased, { at: now(), attempts: 0, error: text });
    } catch (inner) {
      // The lease runs out and the job is tried again: nothing is lost while the database is away.
      log.error("jobs.settle_failed", { kind, jobId, error: errorText(inner) });
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

    start(toRun, onlyWhenTaken = []) {
      handlers = toRun;
      for (const kind of onlyWhenTaken) elsewhere.add(kind);
      started = true;
      renewTimer = setInterval(() => {
        const held = lanes.flatMap((lane) => [...lane.running.values(), ...lane.heldBack.values()]);
        leases
          .renew(held)
          .catch((error: unknown) => log.error("jobs.renew_failed", { error: errorText(error) }));
      }, RENEW_MS);
      renewTimer.unref();
      leases
        .freeOfTheDead()
        .catch((error: unknown) => log.error("jobs.free_failed", { error: errorText(error) }))
        .finally(() => {
          for (const lane of lanes) schedule(lane, now());
        });
    },

    async take(kinds, former) {
      if (former !== null) await leases.freeOf(former, kinds);
      for (const kind of kinds) {
        elsewhere.delete(kind);
        wake(kind, now());
      }
    },

    async leave(kinds) {
      for (const kind of kinds) elsewhere.add(kind);
      const isRunning = (lane: Lane) =>
        lane.claiming || [...lane.running.values()].some(({ kind }) => kinds.includes(kind));
      while (lanes.some(isRunning)) await pause();
    },

    async stop(timeoutMs) {
      started = false;
      for (const lane of lanes) if (lane.timer !== null) clearTimeout(lane.timer);
      const deadline = now() + timeoutMs;
      while (lanes.some((lane) => lane.running.size > 0 || lane.claiming) && now() < deadline) await pause();
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
          // What nobody here handles (图绘 switched off) stays due and is nothing to wait for.
          .where("kind", "in", lanes.flatMap(handled))
          .limit(1)
          .executeTakeFirst();
        if (due === undefined) return;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },

    dead: (kind) => listDead(db, kind),

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

    async lateness() {
      const at = now();
      const rows = await db
        .selectFrom("jobs")
        .select((eb) => ["kind", eb.fn.min<number>("run_at").as("since")])
        .where("dead_at", "is", null)
        .where("locked_by", "is", null)
        .where("run_at", "<=", at)
        .groupBy("kind")
        .execute();
      return Object.fromEntries(rows.map((row) => [row.kind, at - row.since]));
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

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
}
