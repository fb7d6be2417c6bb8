import { type Kysely, type Selectable, sql } from "kysely";
import { type Conversation, conversationIdOf } from "../domain/conversations/conversation.ts";
import type { ConversationStore } from "../domain/conversations/ports.ts";
import { AppError } from "../domain/errors.ts";
import type { Database } from "./schema.ts";

export function createConversationStore(db: Kysely<Database>): ConversationStore {
  return {
    async find(id) {
      const row = await db.selectFrom("conversations").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : toConversation(row);
    },

    async findByCustomer({ id, platform, shopId }) {
      let query = db.selectFrom("conversations").selectAll().where("customer_id", "=", id);
      if (platform !== undefined) query = query.where("platform", "=", platform);
      if (shopId !== undefined) query = query.where("shop_id", "=", shopId);
      const row = await query.orderBy("last_inbound_at", "desc").limit(1).executeTakeFirst();
      return row === undefined ? null : toConversation(row);
    },

    async list({ holder, limit }) {
      let query = db.selectFrom("conversations").selectAll();
      if (holder !== undefined) query = query.where("holder", "=", holder);
      const rows = await query.orderBy("last_inbound_at", "desc").limit(limit).execute();
      return rows.map(toConversation);
    },

    async upsert(message, now) {
      const row = await db
        .insertInto("conversations")
        .values({
          id: conversationIdOf(message),
          channel: message.channel,
          platform: message.platform,
          shop_id: message.shop.id,
          shop_name: message.shop.name,
          external_id: message.externalConversationId,
          customer_id: message.customer.id,
          customer_name: message.customer.name,
          holder: "bot",
          held_by: null,
          fence: 1,
          pending_since: null,
          pending_count: 0,
          turn_at: null,
          last_inbound_at: null,
          last_outbound_at: null,
          context: message.context === null ? null : JSON.stringify(message.context),
          created_at: now,
        })
        .onConflict((conflict) =>
          conflict.column("id").doUpdateSet({
            // A colleague's frame may have made the conversation before the buyer's own name was known.
            ...(message.author === "buyer" ? { customer_id: message.customer.id } : {}),
            // A frame without a name or context does not erase what an earlier one told.
            customer_name: (eb) => eb.fn.coalesce("excluded.customer_name", "conversations.customer_name"),
            context: (eb) => eb.fn.coalesce("excluded.context", "conversations.context"),
          }),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return toConversation(row);
    },

    async setPending(id, { since, count, turnAt, lastInboundAt }) {
      await db
        .updateTable("conversations")
        .set({ pending_since: since, pending_count: count, turn_at: turnAt, last_inbound_at: lastInboundAt })
        .where("id", "=", id)
        .execute();
    },

    async beginTurn(id, fence) {
      const result = await db
        .updateTable("conversations")
        .set({ pending_since: null, pending_count: 0 })
        .where("id", "=", id)
        .where("fence", "=", fence)
        .where("holder", "=", "bot")
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async noteInbound(id, at) {
      await db.updateTable("conversations").set({ last_inbound_at: at }).where("id", "=", id).execute();
    },

    async noteOutbound(id, at) {
      await db.updateTable("conversations").set({ last_outbound_at: at }).where("id", "=", id).execute();
    },

    async holdsFence(id, fence) {
      // A write, so that PostgreSQL holds the row until the commit and a takeover waits behind it.
      const result = await db
        .updateTable("conversations")
        .set({ fence })
        .where("id", "=", id)
        .where("fence", "=", fence)
        .where("holder", "=", "bot")
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async takeOver(id, by) {
      const row = await db
        .updateTable("conversations")
        .set({
          holder: "human",
          held_by: by,
          fence: sql<number>`case when holder = 'human' then fence else fence + 1 end`,
        })
        .where("id", "=", id)
        .returning("fence")
        .executeTakeFirst();
      if (row === undefined) throw new AppError("conversation-not-found", `no conversation ${id}`);
      return row.fence;
    },

    async release(id) {
      const result = await db
        .updateTable("conversations")
        .set({ holder: "bot", held_by: null, fence: sql<number>`fence + 1` })
        .where("id", "=", id)
        .where("holder", "=", "human")
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
  };
}

function toConversation(row: Selectable<Database["conversations"]>): Conversation {
  return {
    ...row,
    context: row.context === null ? null : (JSON.parse(row.context) as Conversation["context"]),
  };
}
