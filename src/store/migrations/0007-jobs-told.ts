import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { DatabaseKind } from "./database-kind.ts";

/**
 * Says of every job on a channel of its kind when it is due. graphile-worker's own channel says only that there is
 * one, and every lane of every process then looks for it in vain, ten and more times for each turn.
 */
export function jobsTold(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      if (kind === "postgres")
        for (const statement of [TELL, ADD, TELL_FREED, WHEN_FREED]) await sql.raw(statement).execute(db);
    },
  };
}

/** Told apart from all others: of equal ones in a transaction PostgreSQL tells one, and one worker would do them all. */
const TELL = `create function tell_job(a_kind text, a_run_at timestamptz) returns void language sql as $$
  select pg_notify('jobs:' || a_kind, (extract(epoch from a_run_at) * 1000)::bigint || ':' || random())
$$`;

/** A job that is given back, by whoever and however, is there for others. */
const TELL_FREED = `create function tell_freed_job() returns trigger language plpgsql as $$
begin
  perform tell_job(
    (select identifier from graphile_worker._private_tasks where id = new.task_id), new.run_at);
  return null;
end
$$`;
const WHEN_FREED = `create trigger tell_freed_job
  after update of locked_at on graphile_worker._private_jobs
  for each row when (old.locked_at is not null and new.locked_at is null)
  execute function tell_freed_job()`;

/**
 * As in 0005, and told. graphile-worker's add_job takes ten times as long as the row it writes, and every turn writes
 * two: a job of a known kind and no queue is written here as add_job would. False when a worker has just taken the job.
 */
const ADD = `create or replace function add_shared_job(
  a_kind text, a_payload json, a_key text, a_queue text, a_run_at timestamptz, a_max_attempts integer,
  a_attempts integer, a_error text
) returns boolean language plpgsql as $$
declare
  v_payload json := json_build_object(
    'payload', a_payload, 'attempts', a_attempts, 'maxAttempts', a_max_attempts, 'error', a_error);
  v_task integer;
  v_id bigint;
begin
  perform tell_job(a_kind, a_run_at);
  select id into v_task from graphile_worker._private_tasks where identifier = a_kind;
  if v_task is null or a_queue is not null then
    select id into v_id from graphile_worker.add_job(
      identifier := a_kind, payload := v_payload, queue_name := a_queue, run_at := a_run_at,
      max_attempts := 32767, job_key := a_key);
    return v_id is not null;
  end if;
  insert into graphile_worker._private_jobs as jobs (task_id, payload, run_at, max_attempts, key)
    values (v_task, v_payload, a_run_at, 32767, a_key)
    on conflict (key) do update set
      job_queue_id = null, task_id = excluded.task_id, payload = excluded.payload, run_at = excluded.run_at,
      max_attempts = excluded.max_attempts, attempts = 0, last_error = null, revision = jobs.revision + 1,
      updated_at = now()
    where jobs.locked_at is null
    returning id into v_id;
  return v_id is not null;
end
$$`;
