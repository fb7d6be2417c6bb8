import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Which process owns what only one may do. */
export function leases(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("leases")
        .addColumn("name", "text", (it) => it.primaryKey())
        .addColumn("owner", "text", (it) => it.notNull())
        .addColumn("token", "bigint", (it) => it.notNull())
        .addColumn("ends_at", "bigint", (it) => it.notNull())
        .execute();
    },
  };
}
