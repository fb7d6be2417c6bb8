import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** What one writer at a time gave for nothing: one open handoff per conversation, reason and order. */
export function manyWriters(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await sql`create unique index handoffs_open_once on handoffs
        (conversation_id, reason, coalesce(image_task_id, '')) where status <> 'returned'`.execute(db);
    },
  };
}
