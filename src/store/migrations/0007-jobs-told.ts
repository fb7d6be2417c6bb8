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
      if (kind === "postgres") await sql.raw(ADD).execute(db);
    },
  };
}

/** As in 0005, and told. */
const ADD = `create or replace function add_shared_job(
  a_kind text, a_payload json, a_key text, a_queue text, a_run_at timestamptz, a_max_attempts integer,
  a_attempts integer, a_error text
) returns boolean language sql as $$
  select pg_notify('jobs:' || a_kind, (extract(epoch from a_run_at) * 1000)::bigint::text);
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
