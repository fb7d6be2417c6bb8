import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { DatabaseKind } from "./database-kind.ts";

/** With each job goes the process that put it there, as its connection names it (pool.ts); nothing when it names none. */
export function jobsTellWho(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      if (kind === "postgres") await sql.raw(TELL).execute(db);
    },
  };
}

/** As in 0007, and who. */
const TELL = `create or replace function tell_job(a_kind text, a_run_at timestamptz) returns void language sql as $$
  select pg_notify('jobs:' || a_kind, (extract(epoch from a_run_at) * 1000)::bigint || ':' || random()
    || ':' || coalesce(current_setting('tianwang.process', true), ''))
$$`;
