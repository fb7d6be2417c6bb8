import { EventEmitter } from "node:events";
import { type Job, runTaskList, type Worker, type WorkerEvents, type WorkerPool } from "graphile-worker";
import type pg from "pg";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import type { JobLane } from "../job-lanes.ts";
import type { LooksAtOnce } from "./job-pools.ts";
import { workerLog } from "./worker-log.ts";

/** For what neither NOTIFY nor a timer has told; every idle worker looks. */
const SAFETY_POLL_MS = 10_000;
const REOPEN_MS = 1_000;
/** How often a process looks at what is due next, and how far ahead: twice as far, so that no look may come too late. */
export const BEAT_MS = 5_000;
const WAKES_AHEAD_MS = 2 * BEAT_MS;
const CHANNEL = /^jobs:(?!insert$)/u;
/** How long a process leaves a job to the one that is to look for it. */
const SECOND_LOOK_MS = 100;
/** A pool whose workers have not got to the database by then never will: it remembers its first failure. */
const MUST_LOOK_WITHIN_MS = 20_000;

export type Lane = ReturnType<typeof createLane>;

type Open = { pool: WorkerPool; openedAt: number; hasLooked: boolean; ended: Promise<void> };

/**
 * The workers of some kinds of jobs. graphile-worker gives a pool up when the database leaves it while it settles a
 * job; then the lane opens another at once, and what the old one held is freed when its last job has ended.
 */
export function createLane(
  { name, kinds, concurrency }: JobLane,
  deps: {
    workers: pg.Pool;
    log: Log;
    run: (job: Job) => Promise<void>;
    looksAtOnce: LooksAtOnce;
    onOpen: (pools: string[]) => Promise<unknown>;
    onGone: (pools: string[]) => Promise<unknown>;
  },
) {
  const { workers, log, run, looksAtOnce, onOpen, onGone } = deps;
  /** Pools that only end what they have, and when they will have. */
  const draining = new Map<WorkerPool, Promise<void>>();
  const timers = new Map<number, NodeJS.Timeout>();
  let current: Open | null = null;
  let isOpen = false;
  let running = 0;
  let reopening: NodeJS.Timeout | null = null;
  /** While a number: every job that is found makes another worker look, until a look begun since finds nothing. */
  let search: number | null = null;
  let searches = 0;

  const taskList = Object.fromEntries(
    kinds.map((kind) => [
      kind,
      async (_payload: unknown, { job }: { job: Job }) => {
        running += 1;
        try {
          await run(job);
        } catch (error) {
          log.error("jobs.settle_failed", { kind, jobId: job.id, error: errorText(error) });
          throw error;
        } finally {
          running -= 1;
        }
      },
    ]),
  );

  function open(): void {
    isOpen = true;
    reopening = null;
    const events = new EventEmitter() as WorkerEvents;
    const pool = runTaskList(
      {
        concurrency,
        noHandleSignals: true,
        pollInterval: SAFETY_POLL_MS,
        logger: workerLog(log, { lane: name }),
        events,
        preset: {
          worker: {
            useNodeTime: true,
            // A batch tells its failure, a single one would end the process. Our own settling has ended the job by then.
            completeJobBatchDelay: 100,
            failJobBatchDelay: 0,
          },
        },
      },
      taskList,
      workers,
    );
    const ended = pool.promise
      .catch((error: unknown) => log.warn("jobs.lane_lost", { lane: name, error: errorText(error) }))
      .then(() => onGone([pool.id]))
      .catch((error: unknown) => log.warn("jobs.free_failed", { lane: name, error: errorText(error) }))
      .then(() => {
        draining.delete(pool);
      });
    const opened: Open = { pool, openedAt: performance.now(), hasLooked: false, ended };
    current = opened;
    // A beat says it again if this is lost.
    onOpen([pool.id]).catch(() => {});
    const looked = () => {
      opened.hasLooked = true;
    };
    events.on("pool:listen:success", ({ client }) => {
      // After its own LISTEN, which is sent once this has returned.
      queueMicrotask(() => void listen(client, pool));
    });
    events.on("pool:listen:notification", ({ message }) => {
      if (CHANNEL.test(message.channel)) hear(message.payload ?? "");
    });
    const begunIn = new WeakMap<Worker, number | null>();
    events.on("worker:getJob:start", ({ worker }) => begunIn.set(worker, search));
    events.on("worker:getJob:empty", ({ worker }) => {
      if (begunIn.get(worker) === search) search = null;
    });
    events.on("job:start", () => {
      if (search !== null) nudge(1);
    });
    // Its connection goes back to the others, which must not hear what is meant for a lane.
    events.on("pool:listen:release", ({ client }) => {
      client.query("unlisten *").catch(() => {});
    });
    events.once("worker:getJob:empty", looked);
    events.once("job:start", looked);
    events.once("pool:gracefulShutdown", () => retire(opened));
  }

  /** Hears of jobs of our kinds (migration 0007) instead of all jobs, then looks for what came before it listened. */
  async function listen(client: { query(text: string): Promise<unknown> }, pool: WorkerPool): Promise<void> {
    const channels = kinds.map((kind) => `listen "jobs:${kind}"`);
    try {
      await client.query(['unlisten "jobs:insert"', ...channels].join("; "));
      nudge(concurrency);
    } catch (error) {
      log.warn("jobs.listen_failed", { lane: name, error: errorText(error) });
      // A pool that does not hear finds its jobs late: another takes its place.
      if (current?.pool === pool) end(pool);
    }
  }

  /** From now on the pool only ends what it has. */
  function retire(opened: Open): void {
    draining.set(opened.pool, opened.ended);
    if (current !== opened) return;
    current = null;
    if (!isOpen) return;
    reopening = setTimeout(open, REOPEN_MS);
    reopening.unref();
  }

  /** Lets a pool end what it has; what it says of its end is told where it was opened. */
  function end(pool: WorkerPool): void {
    Promise.resolve(pool.gracefulShutdown()).catch(() => {});
  }

  function nudge(workersToWake: number): void {
    if (current !== null && !draining.has(current.pool)) current.pool.nudge(workersToWake);
  }

  /** Of several processes one looks at once; the others a little later, in case it is full or gone (migration 0014). */
  function hear(told: string): void {
    const [due = "", lot = "", process = ""] = told.split(":");
    const at = Number(due);
    if (due === "" || Number.isNaN(at)) return;
    if (looksAtOnce({ process, lot: Number(lot) }, running >= concurrency / 2)) wakeAt(at);
    else wakeAfter(at);
  }

  /** Looks when it is due. By the clock that graphile-worker looks at: a look before that finds nothing. */
  function wakeAt(at: number): void {
    if (!isOpen) return;
    const now = Date.now();
    if (at <= now) nudge(1);
    // What is told is a whole millisecond, and what is due may be up to half of one later.
    if (at >= now) searchAt(at + 1);
  }

  /** Looks when it has been due for a little, once for all that come together. */
  function wakeAfter(at: number): void {
    const due = Math.max(at, Date.now()) + SECOND_LOOK_MS;
    if (isOpen) searchAt(Math.ceil(due / SECOND_LOOK_MS) * SECOND_LOOK_MS);
  }

  function searchAt(at: number): void {
    const inMs = at - Date.now();
    // What is due later is found by a beat before it is due.
    if (inMs > WAKES_AHEAD_MS || timers.has(at)) return;
    const from = performance.now();
    const look = () => {
      // A timer counts from when its turn of the event loop began: it comes early by what that turn had already taken.
      const left = inMs - (performance.now() - from);
      if (left > 0) {
        timers.set(at, setTimeout(look, left).unref());
        return;
      }
      timers.delete(at);
      searches += 1;
      search = searches;
      nudge(1);
    };
    timers.set(at, setTimeout(look, Math.max(0, inMs)).unref());
  }

  return {
    kinds,
    open,
    running: () => running,
    pools: () => [...draining.keys(), ...(current === null ? [] : [current.pool])].map((pool) => pool.id),

    wakeAt,
    wakeAfter,

    wakeAll(): void {
      nudge(concurrency);
    },

    /** The database is back: a new pool listens at once, the old one would only after a long pause. */
    renew(): void {
      if (current !== null) end(current.pool);
    },

    watch(): void {
      if (current === null || current.hasLooked) return;
      if (performance.now() - current.openedAt > MUST_LOOK_WITHIN_MS) end(current.pool);
    },

    /** Takes no more jobs; resolves when those that run have ended. */
    async close(): Promise<void> {
      isOpen = false;
      if (reopening !== null) clearTimeout(reopening);
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      const pool = current?.pool;
      if (pool !== undefined) await Promise.resolve(pool.gracefulShutdown()).catch(() => {});
      await Promise.all(draining.values());
    },
  };
}
