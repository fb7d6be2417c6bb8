import type { Kysely } from "kysely";
import type { KfCursorStore } from "../domain/records.ts";
import type { Database } from "./schema.ts";

export function createKfCursorStore(db: Kysely<Database>): KfCursorStore {
  return {
    async find(openKfId) {
      const row = await db
        .selectFrom("kf_cursors")
        .select(["cursor", "since"])
        .where("open_kfid", "=", openKfId)
        .executeTakeFirst();
      return row ?? null;
    },

    async put(openKfId, cursor, now) {
      const values = { cursor, updated_at: now };
      await db
        .insertInto("kf_cursors")
        .values({ open_kfid: openKfId, since: now, ...values })
        .onConflict((conflict) => conflict.column("open_kfid").doUpdateSet(values))
        .execute();
    },

    async forget(openKfId) {
      await db.deleteFrom("kf_cursors").where("open_kfid", "=", openKfId).execute();
    },
  };
}
