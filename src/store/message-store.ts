import { type Kysely, type Selectable, sql } from "kysely";
import type { Message } from "../domain/conversations/message.ts";
import type { MessageStore } from "../domain/conversations/ports.ts";
import type { Database } from "./schema.ts";

export function createMessageStore(db: Kysely<Database>): MessageStore {
  return {
    async addInbound(message, record) {
      const row = await db
        .insertInto("messages")
        .values({
          id: record.id,
          conversation_id: record.conversationId,
          direction: "in",
          author: message.author,
          platform_message_id: message.platformMessageId,
          dedupe_key: message.dedupeKey,
          parts: JSON.stringify(message.parts),
          status: record.status,
          fence: record.fence,
          turn_id: null,
          firing_id: null,
          in_reply_to: null,
          attempts: 0,
          sending_until: null,
          error: null,
          at: message.at,
          settled_at: null,
        })
        .onConflict((conflict) => conflict.column("dedupe_key").doNothing())
        .returning("seq")
        .executeTakeFirst();
      return row !== undefined;
    },

    async addOutbound(message) {
      await db
        .insertInto("messages")
        .values({
          id: message.id,
          conversation_id: message.conversationId,
          direction: "out",
          author: message.author,
          platform_message_id: null,
          dedupe_key: null,
          parts: JSON.stringify(message.parts),
          status: message.status ?? "queued",
          fence: message.fence,
          turn_id: message.turnId ?? null,
          firing_id: message.firingId ?? null,
          in_reply_to: message.inReplyTo ?? null,
          attempts: 0,
          sending_until: null,
          error: null,
          at: message.at,
          settled_at: null,
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    },

    async find(id) {
      const row = await db.selectFrom("messages").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : toMessage(row);
    },

    async pending(conversationId) {
      const rows = await db
        .selectFrom("messages")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .where("status", "=", sql.lit("pending"))
        .orderBy("seq")
        .execute();
      return rows.map(toMessage);
    },

    async recent(conversationId, limit) {
      const rows = await db
        .selectFrom("messages")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .orderBy("seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(toMessage).reverse();
    },

    async setParts(id, parts) {
      await db
        .updateTable("messages")
        .set({ parts: JSON.stringify(parts) })
        .where("id", "=", id)
        .execute();
    },

    async settleInbound(ids, status, turnId) {
      if (ids.length === 0) return;
      await db
        .updateTable("messages")
        .set({ status, turn_id: turnId })
        .where("id", "in", ids)
        .where("status", "=", sql.lit("pending"))
        .execute();
    },

    async recall(channel, externalConversationId, platformMessageId) {
      const result = await db
        .updateTable("messages")
        .set({ status: "recalled" })
        .where("direction", "=", "in")
        .where("platform_message_id", "=", platformMessageId)
        .where("conversation_id", "in", (eb) =>
          eb
            .selectFrom("conversations")
            .select("id")
            .where("channel", "=", channel)
            .where("external_id", "=", externalConversationId),
        )
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async unsent(conversationId) {
      const rows = await db
        .selectFrom("messages")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .where("status", "in", [sql.lit("queued"), sql.lit("sending")])
        .orderBy("seq")
        .execute();
      return rows.map(toMessage);
    },

    async claimSend(id, until) {
      const result = await db
        .updateTable("messages")
        .set({ status: "sending", sending_until: until, attempts: sql<number>`attempts + 1` })
        .where("id", "=", id)
        .where("status", "in", ["queued", "sending"])
        .where((eb) =>
          eb.or([
            eb("author", "=", "person"),
            eb.exists(
              eb
                .selectFrom("conversations as c")
                .select("c.id")
                .whereRef("c.id", "=", "messages.conversation_id")
                .whereRef("c.fence", "=", "messages.fence")
                .where("c.holder", "=", "bot"),
            ),
          ]),
        )
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async isSending(conversationId, now) {
      const row = await db
        .selectFrom("messages")
        .select((eb) => eb.fn.max("sending_until").as("until"))
        .where("conversation_id", "=", conversationId)
        .where("status", "=", sql.lit("sending"))
        .where("author", "!=", "person")
        .where("sending_until", ">", now)
        .executeTakeFirst();
      return row?.until ?? null;
    },

    async settleOutbound(id, { status, at, error, platformMessageId, tries }) {
      await db
        .updateTable("messages")
        .set({
          status,
          sending_until: null,
          settled_at: status === "queued" ? null : at,
          error: error ?? null,
          ...(tries === undefined ? {} : { attempts: tries }),
          ...(platformMessageId === undefined ? {} : { platform_message_id: platformMessageId }),
        })
        .where("id", "=", id)
        .execute();
    },

    async releaseDeferred(conversationId, fence) {
      const result = await db
        .updateTable("messages")
        .set({ status: "queued", fence, error: null })
        .where("conversation_id", "=", conversationId)
        .where("status", "=", sql.lit("deferred"))
        .executeTakeFirst();
      return Number(result.numUpdatedRows);
    },

    async conversationsToDeliver(channel) {
      const rows = await db
        .selectFrom("messages")
        .innerJoin("conversations", "conversations.id", "messages.conversation_id")
        .select("messages.conversation_id")
        .distinct()
        .where("messages.status", "in", [sql.lit("queued"), sql.lit("sending")])
        .where("conversations.channel", "=", channel)
        .execute();
      return rows.map((row) => row.conversation_id);
    },

    async listOutbound(status, limit) {
      const rows = await db
        .selectFrom("messages")
        .selectAll()
        .where("direction", "=", "out")
        .where("status", "=", status)
        .orderBy("seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(toMessage);
    },
  };
}

function toMessage(row: Selectable<Database["messages"]>): Message {
  const { dedupe_key: _dedupeKey, sending_until: _sendingUntil, ...rest } = row;
  return {
    ...rest,
    status: row.status as Message["status"],
    parts: JSON.parse(row.parts) as Message["parts"],
  };
}
