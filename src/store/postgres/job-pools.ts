import { type Kysely, sql } from "kysely";
import { isGone, processName, processOf, processTag } from "../process-name.ts";
import type { Database } from "../schema.ts";

/** A pool that has not been seen for so long is dead, and what it was running is run again. */
const DEAD_AFTER_SECONDS = 15;

/**
 * Whether this process looks at once for a job that it was told of, or leaves it to others for a little (decision 0023).
 *
 * @param told - which process put the job there (its tag, empty when it said none), and a lot from 0 to 1
 * @param isBusy - much is under way here already
 */
export type LooksAtOnce = (told: { process: string; lot: number }, isBusy: boolean) => boolean;

/** Of a process that shares with nobody. */
export const ALONE: LooksAtOnce = () => true;

/**
 * What a process puts there it runs itself until it is busy: then its connections, its statements and its caches serve
 * the whole turn, and the others sleep. What comes from one that runs no jobs falls to somebody by lot.
 *
 * @param processes - the names of all that live and run jobs
 */
export function shareAmong(processes: readonly string[], mine: string): LooksAtOnce {
  const tags = processes.toSorted().map(processTag);
  const own = processTag(mine);
  const place = tags.indexOf(own);
  if (place < 0 || tags.length === 1) return ALONE;
  return ({ process, lot }, isBusy) => {
    if (process === own) return !isBusy;
    return !tags.includes(process) && Math.floor(lot * tags.length) === place;
  };
}

/**
 * Which worker pools live, by the database's clock. A process that was killed cannot free its jobs; the others do, or
 * the next one on its host, which sees at once that it is gone.
 */
export function createJobPools(db: Kysely<Database>) {
  const mine = processName();

  /** When this process first saw that a pool which nobody knows holds jobs, by a clock that nobody sets. */
  const strangersSince = new Map<string, number>();

  /** By no time that the pool wrote: its process's clock may have been far ahead of ours. */
  function isLongStrange(id: string): boolean {
    const since = strangersSince.get(id) ?? performance.now();
    strangersSince.set(id, since);
    return performance.now() - since > DEAD_AFTER_SECONDS * 1_000;
  }

  /** Gives the jobs of these pools back; true when there were pools to free. */
  async function free(pools: readonly string[]): Promise<boolean> {
    if (pools.length === 0) return false;
    await sql`select graphile_worker.force_unlock_workers(${pools}::text[])`.execute(db);
    await sql`delete from job_pools where pool_id = any(${pools}::text[])`.execute(db);
    return true;
  }

  return {
    free,

    async keepAlive(pools: readonly string[]): Promise<void> {
      if (pools.length === 0) return;
      await sql`insert into job_pools (pool_id, process, seen_at)
        select id, ${mine}, now() from unnest(${pools}::text[]) as ids(id)
        on conflict (pool_id) do update set seen_at = now()`.execute(db);
    },

    /** Frees the pools of that service's process that hold jobs of these kinds, which it may not run any more. */
    async freeOf(service: string, kinds: readonly string[]): Promise<void> {
      const { rows } = await sql<{ id: string }>`
        select distinct pool_id as id from job_pools
        join graphile_worker.jobs on locked_by = pool_id
        where process = ${processOf(service)} and task_identifier = any(${kinds}::text[])`.execute(db);
      await free(rows.map((row) => row.id));
    },

    /** Frees what pools hold that died without a word, also those that died before their first beat. */
    async freeTheDead(): Promise<boolean> {
      const { rows } = await sql<{ id: string; isKnown: boolean }>`
        select pool_id as id, true as "isKnown" from job_pools
        where seen_at < now() - make_interval(secs => ${DEAD_AFTER_SECONDS})
        union all
        select distinct locked_by as id, false as "isKnown" from graphile_worker.jobs
        where locked_by is not null and not exists (select 1 from job_pools where pool_id = locked_by)`.execute(
        db,
      );
      const strangers = rows.filter(({ isKnown }) => !isKnown).map(({ id }) => id);
      const dead = strangers.filter(isLongStrange);
      for (const id of strangersSince.keys()) if (!strangers.includes(id)) strangersSince.delete(id);
      return await free([...rows.filter(({ isKnown }) => isKnown).map(({ id }) => id), ...dead]);
    },

    /** With the processes that live now. */
    async sharing(): Promise<LooksAtOnce> {
      const { rows } = await sql<{ process: string }>`
        select distinct process from job_pools
        where seen_at >= now() - make_interval(secs => ${DEAD_AFTER_SECONDS})`.execute(db);
      return shareAmong(
        rows.map(({ process }) => process),
        mine,
      );
    },

    async freeOfThisHost(): Promise<boolean> {
      const { rows } = await sql<{ id: string; process: string }>`
        select pool_id as id, process from job_pools`.execute(db);
      return await free(rows.filter((row) => isGone(row.process)).map((row) => row.id));
    },
  };
}
