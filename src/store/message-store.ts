import { type Kysely, type Selectable, sql } from "kysely";
import type { Message, SaidMessage } from "../domain/conversations/message.ts";
import type { MessageStore } from "../domain/conversations/ports.ts";
import type { Lease } from "../domain/leases.ts";
import { unchanged } from "./held.ts";
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
// SQLite takes an index of some rows only for a query that repeats the condition of the index word for word.
const waits = sql<boolean>`"status" in ('pending', 'queued', 'sending', 'deferred')`;
const goesOut = sql<boolean>`"messages"."status" in ('uncertain', 'failed', 'queued', 'sending')`;
const GOES_OUT: readonly string[] = ["uncertain", "failed", "queued", "sending"];

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
const findUnsent = prepared((db, { conversationId }: { conversationId: string }) =>
  db
    .selectFrom("messages")
    .selectAll()
    .where("conversation_id", "=", conversationId)
    .where("status", "in", [sql.lit("queued"), sql.lit("sending")])
    .where(waits),
);
type SendClaim = { id: string; until: number; attempts: number };
const claimSend = prepared((db, claim: SendClaim) => sendClaim(db, claim));
const claimSendUnder = prepared((db, given: SendClaim & Lease) =>
  sendClaim(db, given).where((eb) =>
    eb.exists(
      eb.selectFrom("leases").select("token").where("name", "=", given.name).where("token", "=", given.token),
    ),
  ),
);
const settleOutbound = prepared(
  (
    db,
    given: {
      id: string;
      status: string;
      settledAt: number | null;
      error: string | null;
      attempts: number | null;
      platformMessageId: string | null;
    },
  ) =>
    db
      .updateTable("messages")
      .set((eb) => ({
        status: given.status,
        sending_until: null,
        settled_at: given.settledAt,
        error: given.error,
        attempts: eb.fn.coalesce(eb.val(given.attempts), "attempts"),
        platform_message_id: eb.fn.coalesce(eb.val(given.platformMessageId), "platform_message_id"),
      }))
      .where("id", "=", given.id)
      // Whoever stood still meanwhile does not undo what another has settled.
      .where("status", "in", ["queued", "sending"]),
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

    async unsent(conversationId) {
      // Sorted here: asked for the order, SQLite would walk the conversation instead of what waits.
      return (await findUnsent.all(db, { conversationId })).map(toMessage).sort((a, b) => a.seq - b.seq);
    },

    async claimSend({ id, attempts }, until, lease) {
      const claim = { id, attempts, until };
      const claimed =
        lease === undefined
          ? await claimSend.run(db, claim)
          : await claimSendUnder.run(db, { ...claim, ...lease });
      return claimed > 0;
    },

    async isSending(conversationId, now) {
      const row = await db
        .selectFrom("messages")
        .select((eb) => eb.fn.max("sending_until").as("until"))
        .where("conversation_id", "=", conversationId)
        .where("status", "=", sql.lit("sending"))
        .where(waits)
        .where("author", "!=", "person")
        .where("sending_until", ">", now)
        .executeTakeFirst();
      return row?.until ?? null;
    },

    async settleOutbound(id, { status, at, error, platformMessageId, tries }) {
      const settled = await settleOutbound.run(db, {
        id,
        status,
        settledAt: status === "queued" ? null : at,
        error: error ?? null,
        attempts: tries ?? null,
        platformMessageId: platformMessageId ?? null,
      });
      return settled > 0;
    },

    async releaseDeferred(conversationId, fence) {
      const result = await db
        .updateTable("messages")
        .set({ status: "queued", fence, error: null })
        .where("conversation_id", "=", conversationId)
        // Results that were never tried while the person had the chat, since the channel was away, are as good as deferred.
        .where((eb) =>
          eb.or([
            eb("status", "=", sql.lit("deferred")),
            eb.and([eb("status", "=", sql.lit("queued")), eb("author", "=", sql.lit("system"))]),
          ]),
        )
        .where(waits)
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
        .where(goesOut)
        .where("conversations.channel", "=", channel)
        .execute();
      return rows.map((row) => row.conversation_id);
    },

    async listOutbound(status, limit) {
      let found = db
        .selectFrom("messages")
        .selectAll()
        .where("direction", "=", "out")
        .where("status", "=", sql.lit(status));
      if (GOES_OUT.includes(status)) found = found.where(goesOut);
      const rows = await found.orderBy("seq", "desc").limit(limit).execute();
      return rows.map(toMessage);
    },
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

function toMessage(row: Selectable<Database["messages"]>): Message {
  const { dedupe_key: _dedupeKey, sending_until: _sendingUntil, ...rest } = row;
  return {
    ...rest,
    status: row.status as Message["status"],
    parts: JSON.parse(row.parts) as Message["parts"],
  };
}

function sendClaim(db: Kysely<Database>, { id, until, attempts }: SendClaim) {
  return db
    .updateTable("messages")
    .set({ status: "sending", sending_until: until, attempts: sql<number>`attempts + 1` })
    .where("id", "=", id)
    .where("attempts", "=", attempts)
    .where("status", "in", ["queued", "sending"])
    .where((eb) =>
      eb.or([
        eb("author", "=", "person"),
        eb.exists(
          unchanged(
            db,
            eb
              .selectFrom("conversations as c")
              .select("c.id")
              .whereRef("c.id", "=", "messages.conversation_id")
              .whereRef("c.fence", "=", "messages.fence")
              .where("c.holder", "=", "bot"),
          ),
        ),
      ]),
    );
}
