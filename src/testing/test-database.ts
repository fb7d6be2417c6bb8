import { randomBytes } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { inject, vi } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Set by `npm run test:pg`: a server, and the database on it that every test's own is copied from. */
    postgres: { server: string; template: string; prefix: string };
  }
}

export type TestDatabase = { url: string; drop(): Promise<void> };

/** True under `npm run test:pg`. */
export function isOnPostgres(): boolean {
  return inject("postgres") !== undefined;
}

/** Of this test file, and of no test right now: to make one takes longer than most tests. */
const unused: string[] = [];
const made = new Set<string>();

/** Leaves the tables and what migrations have noted. */
const EMPTY = `do $$
declare
  a_table record;
  has_rows boolean;
begin
  for a_table in select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('public', 'graphile_worker', 'mastra') and tablename not like '%migration%'
  loop
    execute 'select exists (select 1 from ' || a_table.name || ')' into has_rows;
    if has_rows then
      execute 'delete from ' || a_table.name;
    end if;
  end loop;
end
$$`;

/**
 * A database that only this test has: a file in that folder, or a PostgreSQL database that nobody has written to.
 * `drop` gives it back; the end of the run removes it.
 */
export async function aDatabase(dir: string): Promise<TestDatabase> {
  const postgres = inject("postgres");
  if (postgres === undefined) return { url: `file:${join(dir, "app.db")}`, drop: async () => {} };
  const name = unused.pop() ?? `${postgres.prefix}${randomBytes(6).toString("hex")}`;
  const url = urlOf(postgres.server, name);
  if (!made.has(name))
    await onServer(postgres.server, `create database ${name} template ${postgres.template}`);
  made.add(name);
  return {
    url,
    async drop() {
      await onServer(url, EMPTY);
      unused.push(name);
    },
  };
}

export function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one statement on the server itself, on a connection of its own. */
export async function onServer(server: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Makes `Date` show that time. graphile-worker reads the time there; on libSQL everything of ours is handed its clock,
 * and `Date` stays as it is.
 */
export function showTime(at: number, { goesOn = false }: { goesOn?: boolean } = {}): void {
  if (!isOnPostgres()) return;
  if (vi.isFakeTimers()) vi.setSystemTime(at);
  else vi.useFakeTimers({ toFake: ["Date"], now: at, shouldAdvanceTime: goesOn });
}
