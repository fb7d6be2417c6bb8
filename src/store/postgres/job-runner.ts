import { type Kysely, sql } from "kysely";
import type pg from "pg";
import { errorText } from "../../domain/errors.ts";
import { JOB_KINDS, type JobHandler, type JobKind } from "../../domain/jobs/jobs.ts";
import type { Log } from "../../domain/log.ts";
import { listDead } from "../dead-jobs.ts";
import { JOB_LANES, type WakeableJobRunner } from "../job-lanes.ts";
import type { Database } from "../schema.ts";
import { ALONE, createJobPools, type LooksAtOnce } from "./job-pools.ts";
import { timestamp } from "./job-queue.ts";
import { createJobWork } from "./job-work.ts";
import { BEAT_MS, createLane, type Lane } from "./lane.ts";

const LOOK_AGAIN_MS = 3;

/**
 * Runs graphile-worker's jobs: a worker pool per lane, woken by NOTIFY and, for what is due later, by a timer. Any
 * number of processes may do so on one database.
 */
export function createPostgresJobRunner(deps: {
  db: Kysely<Database>;
  workers: pg.Pool;
  now: () => number;
  random: () => number;
  log: Log;
}): WakeableJobRunner & { renew(): void } {
  const { db, now, log } = deps;
  const pools = createJobPools(db);
  let lanes: Lane[] = [];
  /** They end what they have, and are alive until then. */
  const leaving = new Set<Lane>();
  /** Kinds that another process may be running. */
  const elsewhere = new Set<JobKind>();
  let handlers: Partial<Record<JobKind, JobHandler>> = {};
  let beatTimer: NodeJS.Timeout | null = null;
  let beating: Promise<void> = Promise.resolve();
  let isAway = false;
  let looksAtOnce = ALONE;
  const work = createJobWork({ ...deps, wake, handlerOf: (kind) => handlers[kind] });

  function laneOf(kind: JobKind): Lane | undefined {
    return lanes.find((lane) => lane.kinds.includes(kind));
  }

  /** In case that the lane does not hear of what was enqueued here. */
  function wake(kind: JobKind, runAt: number): void {
    laneOf(kind)?.wakeAfter(runAt);
  }

  async function beat(): Promise<void> {
    try {
      for (const lane of lanes) lane.watch();
      await pools.keepAlive([...lanes, ...leaving].flatMap((lane) => lane.pools()));
      const freed = await pools.freeTheDead();
      looksAtOnce = await pools.sharing();
      for (const due of await dueWithin(2 * BEAT_MS)) laneOf(due.kind)?.wakeAt(due.at);
      if (isAway) for (const lane of lanes) lane.renew();
      else if (freed) for (const lane of lanes) lane.wakeAll();
      isAway = false;
    } catch (error) {
      isAway = true;
      log.error("jobs.beat_failed", { error: errorText(error) });
    }
  }

  /** The lanes of which some kinds are run here. */
  function lanesOf(kinds: readonly JobKind[], looks: LooksAtOnce): Lane[] {
    return JOB_LANES.map(({ kinds: all, ...lane }) => ({
      ...lane,
      // What nobody here handles waits for a process that does.
      kinds: all.filter(
        (kind) => kinds.includes(kind) && handlers[kind] !== undefined && !elsewhere.has(kind),
      ),
    }))
      .filter((lane) => lane.kinds.length > 0)
      .map((lane) =>
        createLane(lane, {
          ...deps,
          run: work.run,
          looksAtOnce: looks,
          onOpen: pools.keepAlive,
          onGone: pools.free,
        }),
      );
  }

  async function close(left: Lane[]): Promise<void> {
    lanes = lanes.filter((lane) => !left.includes(lane));
    for (const lane of left) leaving.add(lane);
    await Promise.all(left.map((lane) => lane.close()));
    for (const lane of left) leaving.delete(lane);
  }

  /** When jobs of ours are due soon; each time once. */
  async function dueWithin(ms: number): Promise<{ kind: JobKind; at: number }[]> {
    const { rows } = await sql<{ kind: JobKind; at: number }>`
      select distinct task_identifier as kind, (extract(epoch from run_at) * 1000)::bigint as at
      from graphile_worker.jobs
      where locked_at is null and attempts < max_attempts
        and run_at > ${timestamp(now())}::timestamptz and run_at <= ${timestamp(now() + ms)}::timestamptz
      limit 1000`.execute(db);
    return rows;
  }

  /** Whether anything is being run, or could be, among the kinds handled here. */
  async function isBusy(): Promise<boolean> {
    if (lanes.some((lane) => lane.running() > 0)) return true;
    const kinds = lanes.flatMap((lane) => lane.kinds);
    const { rows } = await sql<{ isRunning: boolean; kind: JobKind }>`
      select task_identifier as kind, locked_at is not null as "isRunning" from graphile_worker.jobs
      where task_identifier = any(${kinds}) and attempts < max_attempts
        and (locked_at is not null or run_at <= ${timestamp(now())}::timestamptz)
      limit 20`.execute(db);
    for (const row of rows) if (!row.isRunning) laneOf(row.kind)?.wakeAt(0);
    return rows.length > 0 || lanes.some((lane) => lane.running() > 0);
  }

  return {
    wake,

    /** A connection of the workers was lost, and perhaps the answer to a look: what it took is freed with its pool. */
    renew() {
      for (const lane of lanes) lane.renew();
    },

    start(toRun, onlyWhenTaken = []) {
      handlers = toRun;
      for (const kind of onlyWhenTaken) elsewhere.add(kind);
      const first = lanesOf(JOB_KINDS, (told, isBusy) => looksAtOnce(told, isBusy));
      lanes = [...first];
      beating = pools
        .freeOfThisHost()
        .catch((error: unknown) => log.error("jobs.free_failed", { error: errorText(error) }))
        .then(() => {
          for (const lane of first) lane.open();
        })
        .then(beat);
      beatTimer = setInterval(() => {
        beating = beating.then(beat);
      }, BEAT_MS);
      beatTimer.unref();
    },

    async take(kinds, former) {
      if (former !== null) await pools.freeOf(former, kinds);
      for (const kind of kinds) elsewhere.delete(kind);
      // No other process runs these.
      const taken = lanesOf(kinds, ALONE);
      lanes = [...lanes, ...taken];
      for (const lane of taken) lane.open();
    },

    async leave(kinds) {
      for (const kind of kinds) elsewhere.add(kind);
      await close(lanes.filter((lane) => lane.kinds.some((kind) => kinds.includes(kind))));
    },

    async stop(timeoutMs) {
      if (beatTimer !== null) clearInterval(beatTimer);
      beatTimer = null;
      await beating;
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([close(lanes), tooLong]);
      clearTimeout(timer);
      // What does not end in time is given back: another process begins it anew, and what we still settle is refused.
      await pools
        .free([...leaving].flatMap((lane) => lane.pools()))
        .catch((error: unknown) => log.warn("jobs.free_failed", { error: errorText(error) }));
    },

    async idle() {
      while (await isBusy()) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    },

    dead: (kind) => listDead(db, kind),

    async replay(id) {
      const kind = await db.transaction().execute(async (tx) => {
        const row = await tx
          .deleteFrom("jobs")
          .where("id", "=", Number(id))
          .where("dead_at", "is not", null)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) return null;
        await sql`select enqueue_job(${row.kind}, ${row.payload}::json, null, ${row.queue},
          ${timestamp(now())}::timestamptz, ${row.max_attempts}::integer)`.execute(tx);
        return row.kind as JobKind;
      });
      if (kind !== null) wake(kind, now());
      return kind !== null;
    },

    async lateness() {
      const { rows } = await sql<{ kind: string; late: number }>`
        select task_identifier as kind,
          (extract(epoch from ${timestamp(now())}::timestamptz - min(run_at)) * 1000)::bigint as late
        from graphile_worker.jobs
        where attempts < max_attempts and locked_at is null and run_at <= ${timestamp(now())}::timestamptz
        group by task_identifier`.execute(db);
      return Object.fromEntries(rows.map((row) => [row.kind, Number(row.late)]));
    },

    async depth() {
      const { rows } = await sql<{ kind: string; count: number }>`
        select task_identifier as kind, count(*) as count from graphile_worker.jobs
        where attempts < max_attempts group by task_identifier`.execute(db);
      return Object.fromEntries(rows.map((row) => [row.kind, Number(row.count)]));
    },
  };
}
