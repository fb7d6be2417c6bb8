import { type Kysely, PostgresAdapter, sql } from "kysely";
import type { Database } from "./schema.ts";

/** True on PostgreSQL, which several processes write at once, perhaps of several hosts. */
export function hasManyWriters(db: Kysely<Database>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/**
 * What a transaction reads with this stays as it is until the commit. libSQL has one writer, so there that is true of
 * everything; on PostgreSQL the rows are locked, and whoever wants to hold them too waits and then reads them anew.
 */
export function held<Query extends { forUpdate(): Query }>(db: Kysely<Database>, query: Query): Query {
  return db.isTransaction && hasManyWriters(db) ? query.forUpdate() : query;
}

/** Like `held`, for a row that a statement only depends on: many may at once, but nobody changes it meanwhile. */
export function unchanged<Query extends { forShare(): Query }>(db: Kysely<Database>, query: Query): Query {
  return hasManyWriters(db) ? query.forShare() : query;
}

/** Runs the work in the caller's transaction, or in one of its own. */
export async function inTransaction<Value>(
  db: Kysely<Database>,
  work: (tx: Kysely<Database>) => Promise<Value>,
): Promise<Value> {
  return db.isTransaction ? await work(db) : await db.transaction().execute(work);
}

/** Until the commit nobody else writes this table, so that its numbers are committed in their order. */
export async function alone(tx: Kysely<Database>, table: keyof Database): Promise<void> {
  if (hasManyWriters(tx)) await sql`lock table ${sql.table(table)} in share row exclusive mode`.execute(tx);
}
