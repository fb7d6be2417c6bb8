import type { Kysely, Selectable } from "kysely";
import type { Ticket, TicketStore } from "../domain/tickets/ticket.ts";
import type { Database } from "./schema.ts";

export function createTicketStore(db: Kysely<Database>): TicketStore {
  const tickets = () => db.selectFrom("tickets").selectAll();
  return {
    async open(ticket) {
      await db
        .insertInto("tickets")
        .values(ticket)
        .onConflict((conflict) => conflict.columns(["turn_id", "title"]).doNothing())
        .execute();
      const row = await tickets()
        .where("turn_id", "=", ticket.turn_id)
        .where("title", "=", ticket.title)
        .executeTakeFirstOrThrow();
      return ticketOf(row);
    },

    async find(id) {
      const row = await tickets().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : ticketOf(row);
    },

    async ofConversation(conversationId) {
      const rows = await tickets()
        .where("conversation_id", "=", conversationId)
        .orderBy("created_at", "desc")
        .orderBy("id")
        .execute();
      return rows.map(ticketOf);
    },

    async list({ status, limit }) {
      let query = tickets().orderBy("created_at", "desc").orderBy("id").limit(limit);
      if (status !== undefined) query = query.where("status", "=", status);
      return (await query.execute()).map(ticketOf);
    },

    async change({ id, status }, to) {
      const row = await db
        .updateTable("tickets")
        .set(to)
        .where("id", "=", id)
        .where("status", "=", status)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? null : ticketOf(row);
    },
  };
}

function ticketOf(row: Selectable<Database["tickets"]>): Ticket {
  return { ...row, status: row.status as Ticket["status"], priority: row.priority as Ticket["priority"] };
}
