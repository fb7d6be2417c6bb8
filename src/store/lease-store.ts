import { type Kysely, type RawBuilder, sql } from "kysely";
import type { LeaseStore } from "../domain/leases.ts";
import { hasManyWriters } from "./held.ts";
import { isGone } from "./process-name.ts";
import type { Database } from "./schema.ts";

export function createLeaseStore(db: Kysely<Database>, now: () => number): LeaseStore {
  /** Hosts that share a PostgreSQL may differ in their clocks, so there its own counts. */
  function instant(): RawBuilder<number> {
    return hasManyWriters(db)
      ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
      : sql<number>`${now()}`;
  }

  return {
    async take({ name, owner, ttlMs }) {
      const held = await db
        .selectFrom("leases")
        .select([
          "owner",
          "token",
          sql<number>`case when ends_at <= ${instant()} then 1 else 0 end`.as("isOver"),
        ])
        .where("name", "=", name)
        .executeTakeFirst();
      const endsAt = sql<number>`${instant()} + ${sql.lit(ttlMs)}`;
      if (held === undefined) {
        const made = await db
          .insertInto("leases")
          .values({ name, owner, token: 1, ends_at: endsAt })
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirst();
        return made.numInsertedOrUpdatedRows === 1n ? { lease: { name, token: 1 }, former: null } : null;
      }
      const isOurs = held.owner === owner;
      if (!isOurs && held.isOver !== 1 && !isGone(held.owner)) return null;
      const token = isOurs ? held.token : held.token + 1;
      // Of several who see it free, one finds it as it was.
      const taken = await db
        .updateTable("leases")
        .set({ owner, token, ends_at: endsAt })
        .where("name", "=", name)
        .where("owner", "=", held.owner)
        .where("token", "=", held.token)
        .executeTakeFirst();
      if (taken.numUpdatedRows === 0n) return null;
      return { lease: { name, token }, former: isOurs || held.owner === NOBODY ? null : held.owner };
    },

    async giveBack({ name, token }) {
      await db
        .updateTable("leases")
        .set({ owner: NOBODY, ends_at: 0 })
        .where("name", "=", name)
        .where("token", "=", token)
        .execute();
    },

    async isCurrent({ name, token }) {
      const row = await db
        .selectFrom("leases")
        .select("token")
        .where("name", "=", name)
        .where("token", "=", token)
        .where("owner", "<>", NOBODY)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

const NOBODY = "";
