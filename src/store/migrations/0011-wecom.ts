import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** How far the messages of each 客服账号 of 微信客服 have been read, and since when we have read them. */
export function wecom(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable("kf_cursors")
        .addColumn("open_kfid", "text", (it) => it.primaryKey())
        .addColumn("cursor", "text", (it) => it.notNull())
        .addColumn("since", "bigint", (it) => it.notNull())
        .addColumn("updated_at", "bigint", (it) => it.notNull())
        .execute();
    },
  };
}
