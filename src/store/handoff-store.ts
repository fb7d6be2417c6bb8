import type { Kysely, Selectable } from "kysely";
import type { Handoff, HandoffReason, HandoffStatus, HandoffStore } from "../domain/handoffs/handoff.ts";
import { held } from "./held.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

const openOf = prepared((db, { conversationId }: { conversationId: string }) =>
  held(
    db,
    db
      .selectFrom("handoffs")
      .selectAll()
      .where("conversation_id", "=", conversationId)
      .where("status", "!=", "returned")
      .orderBy("created_at")
      .orderBy("id"),
  ),
);

export function createHandoffStore(db: Kysely<Database>): HandoffStore {
  return {
    async open(handoff) {
      // Others may open the same one at this moment: the index of open handoffs decides whose it is.
      const row = await db
        .insertInto("handoffs")
        .values({ ...handoff, card: JSON.stringify(handoff.card), taken_by: null, ended_at: null })
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row !== undefined) return { handoff: toHandoff(row), isNew: true };
      const existing = await db
        .selectFrom("handoffs")
        .selectAll()
        .where("conversation_id", "=", handoff.conversation_id)
        .where("status", "!=", "returned")
        .where("reason", "=", handoff.reason)
        .where("image_task_id", handoff.image_task_id === null ? "is" : "=", handoff.image_task_id)
        .executeTakeFirstOrThrow();
      return { handoff: toHandoff(existing), isNew: false };
    },

    async find(id) {
      const row = await db.selectFrom("handoffs").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : toHandoff(row);
    },

    async openOf(conversationId) {
      return (await openOf.all(db, { conversationId })).map(toHandoff);
    },

    async list({ status, limit }) {
      let query = db.selectFrom("handoffs").selectAll();
      if (status !== undefined) query = query.where("status", "=", status);
      const rows = await query.orderBy("created_at", "desc").orderBy("id", "desc").limit(limit).execute();
      return rows.map(toHandoff);
    },

    async setStatus(id, { status, takenBy, endedAt }) {
      await db
        .updateTable("handoffs")
        .set({
          status,
          ...(takenBy === undefined ? {} : { taken_by: takenBy }),
          ...(endedAt === undefined ? {} : { ended_at: endedAt }),
        })
        .where("id", "=", id)
        .execute();
    },
  };
}

function toHandoff(row: Selectable<Database["handoffs"]>): Handoff {
  return {
    ...row,
    reason: row.reason as HandoffReason,
    status: row.status as HandoffStatus,
    card: JSON.parse(row.card) as Handoff["card"],
  };
}
