import { type Kysely, sql } from "kysely";
import type { ConfigVersionStore } from "../domain/config-versions.ts";
import { alone, inTransaction } from "./held.ts";
import type { Database } from "./schema.ts";

export function createConfigVersionStore(db: Kysely<Database>): ConfigVersionStore {
  return {
    async keep({ name, version, content }, at) {
      // Nearly every start finds what the last one found: nobody has to wait for that.
      if ((await latestOf(db, name)) === version) return;
      await inTransaction(db, async (tx) => {
        await alone(tx, "config_changes");
        if ((await latestOf(tx, name)) === version) return;
        await tx
          .insertInto("config_versions")
          .values({ name, version, content })
          .onConflict((conflict) => conflict.columns(["name", "version"]).doNothing())
          .execute();
        await tx.insertInto("config_changes").values({ name, version, at }).execute();
      });
    },

    async changes({ name, limit }) {
      let query = db
        .selectFrom("config_changes")
        .select(["name", "version", "at"])
        .orderBy("id", "desc")
        .limit(limit);
      if (name !== undefined) query = query.where("name", "=", name);
      return (await query.execute()).map((row) => ({ ...row, at: Number(row.at) }));
    },

    async find(name, beginning) {
      return await db
        .selectFrom("config_versions")
        .selectAll()
        .where("name", "=", name)
        .where(sql<string>`substr(version, 1, ${sql.lit(beginning.length)})`, "=", beginning)
        .orderBy("version")
        .execute();
    },
  };
}

async function latestOf(db: Kysely<Database>, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("config_changes")
    .select("version")
    .where("name", "=", name)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.version;
}
