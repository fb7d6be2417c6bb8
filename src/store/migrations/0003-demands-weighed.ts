import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** A later demand that a person still weighs, and what the order was before it. */
export function demandsWeighed(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .alterTable("image_task_revisions")
        .addColumn("status", "text", (it) => it.notNull().defaultTo("kept"))
        .execute();
      await db.schema.alterTable("image_task_revisions").addColumn("before", "text").execute();
    },
  };
}
