import type { Kysely } from "kysely";
import type { DeadJob, JobKind } from "../domain/jobs/jobs.ts";
import type { Database } from "./schema.ts";

const MOST_LISTED = 200;

/** Jobs that failed for good, newest first; on both databases they lie in our own table. */
export async function listDead(db: Kysely<Database>, kind?: JobKind): Promise<DeadJob[]> {
  let query = db.selectFrom("jobs").selectAll().where("dead_at", "is not", null);
  if (kind !== undefined) query = query.where("kind", "=", kind);
  const rows = await query.orderBy("dead_at", "desc").orderBy("id", "desc").limit(MOST_LISTED).execute();
  return rows.map((row) => ({
    id: String(row.id),
    kind: row.kind as JobKind,
    payload: JSON.parse(row.payload) as unknown,
    attempts: row.attempts,
    error: row.last_error ?? "",
    deadAt: row.dead_at ?? 0,
  }));
}
