import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { type DatabaseKind, sequence } from "./database-kind.ts";

/** When an order was paid, when its designer must be done, and what changed in the gallery. */
export function ordersInDepth(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable("image_tasks").addColumn("paid_at", "bigint").execute();
      await db.schema.alterTable("image_tasks").addColumn("paid_by", "text").execute();
      await db.schema.alterTable("image_tasks").addColumn("deadline_at", "bigint").execute();
      await db.schema
        .alterTable("image_tasks")
        .addColumn("sent_revision", "integer", (it) => it.notNull().defaultTo(0))
        .execute();
      await sequence(kind, db.schema.createTable("gallery_changes"), "seq")
        .addColumn("item_id", "text", (it) => it.notNull())
        .execute();
    },
  };
}
