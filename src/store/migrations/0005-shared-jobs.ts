import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { DatabaseKind } from "./database-kind.ts";

/**
 * What our jobs need beside graphile-worker's own tables (decision 0013); on libSQL nothing. A keyed job that is asked
 * for while it runs leaves a wish, and whoever settles the run turns the wish into the next job, so two runs of one key
 * never overlap and no wish is lost. All who touch one key line up behind its advisory lock.
 */
export function sharedJobs(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      if (kind === "sqlite") return;
      for (const statement of [WISHES, POOLS, ADD, ENQUEUE, CANCEL, SETTLE])
        await sql.raw(statement).execute(db);
    },
  };
}

const WISHES = `create table job_wishes (
  job_key text primary key,
  kind text not null,
  payload json not null,
  queue text,
  run_at timestamptz not null,
  max_attempts integer not null
)`;

/** Which worker pools are alive: graphile-worker keeps a dead one's jobs locked for four hours. */
const POOLS = `create table job_pools (
  pool_id text primary key,
  process text not null,
  seen_at timestamptz not null
)`;

/**
 * graphile-worker's own count of attempts only grows when a process dies with the job; ours is in the payload, since
 * its backoff cannot be chosen and a job that says "again" has not failed.
 */
const ADD = `create function add_shared_job(
  a_kind text, a_payload json, a_key text, a_queue text, a_run_at timestamptz, a_max_attempts integer,
  a_attempts integer, a_error text
) returns boolean language sql as $$
  select (graphile_worker.add_job(
    identifier := a_kind,
    payload := json_build_object(
      'payload', a_payload, 'attempts', a_attempts, 'maxAttempts', a_max_attempts, 'error', a_error),
    queue_name := a_queue,
    run_at := a_run_at,
    max_attempts := 32767,
    job_key := a_key
  )).id is not null
$$`;

/** add_job adds nothing when a worker takes the job between two of its statements: then we look again. */
const ENQUEUE = `create function enqueue_job(
  a_kind text, a_payload json, a_key text, a_queue text, a_run_at timestamptz, a_max_attempts integer
) returns void language plpgsql as $$
declare
  v_is_running boolean;
begin
  if a_key is not null then
    perform pg_advisory_xact_lock(hashtextextended(a_key, 0));
  end if;
  loop
    select locked_at is not null into v_is_running
      from graphile_worker._private_jobs where key = a_key for update;
    if v_is_running then
      insert into job_wishes (job_key, kind, payload, queue, run_at, max_attempts)
        values (a_key, a_kind, a_payload, a_queue, a_run_at, a_max_attempts)
        on conflict (job_key) do update set
          kind = excluded.kind, payload = excluded.payload, queue = excluded.queue,
          run_at = excluded.run_at, max_attempts = excluded.max_attempts;
      return;
    end if;
    exit when add_shared_job(a_kind, a_payload, a_key, a_queue, a_run_at, a_max_attempts, 0, null);
  end loop;
end
$$`;

const CANCEL = `create function cancel_job(a_key text) returns boolean language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(a_key, 0));
  delete from job_wishes where job_key = a_key;
  delete from graphile_worker._private_jobs where key = a_key and locked_at is null;
  return found;
end
$$`;

/**
 * Ends a run: the job is forgotten, goes on at a_next_at, or is buried in our own table of dead letters; a wish that
 * came meanwhile goes before. is_ours is false, and nothing is done, when another pool has the job by now.
 */
const SETTLE = `create function settle_job(
  a_id bigint, a_pool text, a_key text, a_next_at timestamptz, a_attempts integer, a_error text, a_dead_at bigint,
  out is_ours boolean, out next_at bigint
) language plpgsql as $$
declare
  v_job graphile_worker._private_jobs;
  v_kind text;
  v_queue text;
  v_wish job_wishes;
begin
  if a_key is not null then
    perform pg_advisory_xact_lock(hashtextextended(a_key, 0));
  end if;
  delete from graphile_worker._private_jobs where id = a_id and locked_by = a_pool returning * into v_job;
  is_ours := found;
  if not is_ours then
    return;
  end if;
  select identifier into v_kind from graphile_worker._private_tasks where id = v_job.task_id;
  if v_job.job_queue_id is not null then
    update graphile_worker._private_job_queues set locked_at = null, locked_by = null
      where id = v_job.job_queue_id and locked_by = a_pool returning queue_name into v_queue;
  end if;
  if a_dead_at is not null then
    insert into jobs (kind, payload, queue, run_at, attempts, max_attempts, last_error, dead_at, created_at)
      values (v_kind, v_job.payload->>'payload', v_queue, a_dead_at, a_attempts,
        (v_job.payload->>'maxAttempts')::integer, a_error, a_dead_at, a_dead_at);
  end if;
  delete from job_wishes where job_key = v_job.key returning * into v_wish;
  if found then
    perform add_shared_job(
      v_wish.kind, v_wish.payload, v_wish.job_key, v_wish.queue, v_wish.run_at, v_wish.max_attempts, 0, a_error);
    next_at := (extract(epoch from v_wish.run_at) * 1000)::bigint;
  elsif a_next_at is not null then
    perform add_shared_job(
      v_kind, v_job.payload->'payload', v_job.key, v_queue, a_next_at,
      (v_job.payload->>'maxAttempts')::integer, a_attempts, a_error);
    next_at := (extract(epoch from a_next_at) * 1000)::bigint;
  end if;
end
$$`;
