import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** The turn that a later demand came in; of those before this nobody knows. */
export function demandSource(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable("image_task_revisions").addColumn("source_id", "text").execute();
    },
  };
}
