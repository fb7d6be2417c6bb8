import { type Kysely, type Selectable, sql } from "kysely";
import type { Message, SaidMessage } from "../domain/conversations/message.ts";
import type { MessageStore } from "../domain/conversations/ports.ts";
import { toMessage, waits } from "./message-rows.ts";
import { createOutbox } from "./outbox.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

type NewMessage = Pick<
  Selectable<Database["messages"]>,
  | "id"
  | "conversation_id"
  | "direction"
  | "author"
  | "platform_message_id"
  | "dedupe_key"
  | "parts"
  | "status"
  | "fence"
  | "turn_id"
  | "firing_id"
  | "in_reply_to"
  | "at"
>;

/** The columns a reader of a conversation asks for: a turn reads twenty rows, and every value is a call into SQLite. */
const SAID = ["id", "direction", "author", "parts", "status", "turn_id", "at"] as const;
const insertInbound = prepared((db, row: NewMessage) =>
  insert(db, row)
    .onConflict((conflict) => conflict.column("dedupe_key").doNothing())
    .returning("seq"),
);
const insertOutbound = prepared((db, row: NewMessage) =>
  insert(db, row).onConflict((conflict) => conflict.column("id").doNothing()),
);
const findPending = prepared((db, { conversationId }: { conversationId: string }) =>
  db
    .selectFrom("messages")
    .selectAll()
    .where("conversation_id", "=", conversationId)
    .where("status", "=", sql.lit("pending"))
    .where(waits)
    .orderBy("seq"),
);
const findRecent = prepared((db, { conversationId, limit }: { conversationId: string; limit: number }) =>
  db
    .selectFrom("messages")
    .select(SAID)
    .where("conversation_id", "=", conversationId)
    .orderBy("seq", "desc")
    .limit(limit),
);
const settleInbound = prepared((db, given: { id: string; status: string; turnId: string | null }) =>
  db
    .updateTable("messages")
    .set({ status: given.status, turn_id: given.turnId })
    .where("id", "=", given.id)
    .where("status", "=", sql.lit("pending")),
);
export function createMessageStore(db: Kysely<Database>): MessageStore {
  return {
    async addInbound(message, record) {
      const row = await insertInbound.first(db, {
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
        at: message.at,
      });
      return row !== undefined;
    },

    async addOutbound(message) {
      await insertOutbound.run(db, {
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
        at: message.at,
      });
    },

    async find(id) {
      const row = await db.selectFrom("messages").selectAll().where("id", "=", id).executeTakeFirst();
      return row === undefined ? null : toMessage(row);
    },

    async pending(conversationId) {
      return (await findPending.all(db, { conversationId })).map(toMessage);
    },

    async recent(conversationId, limit) {
      return (await findRecent.all(db, { conversationId, limit })).map(toSaid).reverse();
    },

    async setParts(id, parts) {
      await db
        .updateTable("messages")
        .set({ parts: JSON.stringify(parts) })
        .where("id", "=", id)
        .execute();
    },

    async findByKey(conversationId, dedupeKey) {
      const row = await db
        .selectFrom("messages")
        .selectAll()
        .where("dedupe_key", "=", dedupeKey)
        .where("conversation_id", "=", conversationId)
        .executeTakeFirst();
      return row === undefined ? null : toMessage(row);
    },

    async settleInbound(ids, status, turnId) {
      let settled = 0;
      for (const id of ids) settled += await settleInbound.run(db, { id, status, turnId });
      return settled;
    },

    async recall({ channel, platform, shopId, externalConversationId, platformMessageId }) {
      let where = db
        .selectFrom("conversations")
        .select("id")
        .where("channel", "=", channel)
        .where("external_id", "=", externalConversationId);
      if (platform !== undefined) where = where.where("platform", "=", platform);
      if (shopId !== undefined) where = where.where("shop_id", "=", shopId);
      const result = await db
        .updateTable("messages")
        .set({ status: "recalled" })
        .where("direction", "=", "in")
        .where("platform_message_id", "=", platformMessageId)
        .where("conversation_id", "in", where)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    ...createOutbox(db),
  };
}

function insert(db: Kysely<Database>, row: NewMessage) {
  return db.insertInto("messages").values({
    id: row.id,
    conversation_id: row.conversation_id,
    direction: row.direction,
    author: row.author,
    platform_message_id: row.platform_message_id,
    dedupe_key: row.dedupe_key,
    parts: row.parts,
    status: row.status,
    fence: row.fence,
    turn_id: row.turn_id,
    firing_id: row.firing_id,
    in_reply_to: row.in_reply_to,
    attempts: 0,
    sending_until: null,
    error: null,
    at: row.at,
    settled_at: null,
  });
}

function toSaid(row: Pick<Selectable<Database["messages"]>, (typeof SAID)[number]>): SaidMessage {
  return {
    ...row,
    status: row.status as Message["status"],
    parts: JSON.parse(row.parts) as Message["parts"],
  };
}
