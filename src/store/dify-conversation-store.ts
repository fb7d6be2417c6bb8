import type { Kysely } from "kysely";
import type { DifyConversationStore } from "../domain/records.ts";
import type { Database } from "./schema.ts";

export function createDifyConversationStore(db: Kysely<Database>): DifyConversationStore {
  return {
    async find(key) {
      const row = await db
        .selectFrom("dify_conversations")
        .select("dify_id")
        .where("key", "=", key)
        .executeTakeFirst();
      return row?.dify_id ?? null;
    },

    async put(key, difyId, now) {
      const values = { dify_id: difyId, updated_at: now };
      await db
        .insertInto("dify_conversations")
        .values({ key, ...values })
        .onConflict((conflict) => conflict.column("key").doUpdateSet(values))
        .execute();
    },

    async forget(key) {
      await db.deleteFrom("dify_conversations").where("key", "=", key).execute();
    },
  };
}
