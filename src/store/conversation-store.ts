import { type Kysely, type Selectable, sql } from "kysely";
import { type Conversation, conversationIdOf } from "../domain/conversations/conversation.ts";
import type { ConversationStore } from "../domain/conversations/ports.ts";
import { AppError } from "../domain/errors.ts";
import { held } from "./held.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

const findById = prepared((db, { id }: { id: string }) =>
  held(db, db.selectFrom("conversations").selectAll().where("id", "=", id)),
);
const upsertOfBuyer = prepared((db, row: NewConversation) => upsert(db, row, true));
const upsertOfOthers = prepared((db, row: NewConversation) => upsert(db, row, false));
const setPending = prepared(
  (db, pending: { id: string; since: number; count: number; turnAt: number; lastInboundAt: number }) =>
    db
      .updateTable("conversations")
      .set({
        pending_since: pending.since,
        pending_count: pending.count,
        turn_at: pending.turnAt,
        last_inbound_at: pending.lastInboundAt,
      })
      .where("id", "=", pending.id),
);
const beginTurn = prepared((db, { id, fence }: { id: string; fence: number }) =>
  db
    .updateTable("conversations")
    .set({ pending_since: null, pending_count: 0 })
    .where("id", "=", id)
    .where("fence", "=", fence)
    .where("holder", "=", "bot"),
);
const noteOutbound = prepared((db, { id, at }: { id: string; at: number }) =>
  db.updateTable("conversations").set({ last_outbound_at: at }).where("id", "=", id),
);
// A write, so that PostgreSQL holds the row until the commit and a takeover waits behind it.
const holdFence = prepared((db, { id, fence }: { id: string; fence: number }) =>
  db
    .updateTable("conversations")
    .set({ fence })
    .where("id", "=", id)
    .where("fence", "=", fence)
    .where("holder", "=", "bot"),
);

export function createConversationStore(db: Kysely<Database>): ConversationStore {
  return {
    async find(id) {
      const row = await findById.first(db, { id });
      return row === undefined ? null : toConversation(row);
    },

    async findByCustomer({ id, platform, shopId }) {
      let query = db.selectFrom("conversations").selectAll().where("customer_id", "=", id);
      if (platform !== undefined) query = query.where("platform", "=", platform);
      if (shopId !== undefined) query = query.where("shop_id", "=", shopId);
      const newest = query.orderBy("last_inbound_at", (order) => order.desc().nullsLast()).limit(1);
      const row = await held(db, newest).executeTakeFirst();
      return row === undefined ? null : toConversation(row);
    },

    async list({ holder, limit }) {
      let query = db.selectFrom("conversations").selectAll();
      if (holder !== undefined) query = query.where("holder", "=", holder);
      const rows = await query
        .orderBy("last_inbound_at", (order) => order.desc().nullsLast())
        .limit(limit)
        .execute();
      return rows.map(toConversation);
    },

    async upsert(message, now) {
      const statement = message.author === "buyer" ? upsertOfBuyer : upsertOfOthers;
      const row = await statement.first(db, {
        id: conversationIdOf(message),
        channel: message.channel,
        platform: message.platform,
        shop_id: message.shop.id,
        shop_name: message.shop.name,
        external_id: message.externalConversationId,
        customer_id: message.customer.id,
        customer_name: message.customer.name,
        context: message.context === null ? null : JSON.stringify(message.context),
        created_at: now,
      });
      if (row === undefined) throw new Error("an upsert returns its row");
      return toConversation(row);
    },

    async setPending(id, pending) {
      await setPending.run(db, { id, ...pending });
    },

    async beginTurn(id, fence) {
      return (await beginTurn.run(db, { id, fence })) > 0;
    },

    async noteInbound(id, at) {
      await db.updateTable("conversations").set({ last_inbound_at: at }).where("id", "=", id).execute();
    },

    async noteOutbound(id, at) {
      await noteOutbound.run(db, { id, at });
    },

    async holdsFence(id, fence) {
      return (await holdFence.run(db, { id, fence })) > 0;
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

type NewConversation = Pick<
  Selectable<Database["conversations"]>,
  | "id"
  | "channel"
  | "platform"
  | "shop_id"
  | "shop_name"
  | "external_id"
  | "customer_id"
  | "customer_name"
  | "context"
  | "created_at"
>;

function upsert(db: Kysely<Database>, row: NewConversation, isBuyer: boolean) {
  return db
    .insertInto("conversations")
    .values({
      id: row.id,
      channel: row.channel,
      platform: row.platform,
      shop_id: row.shop_id,
      shop_name: row.shop_name,
      external_id: row.external_id,
      customer_id: row.customer_id,
      customer_name: row.customer_name,
      holder: "bot",
      held_by: null,
      fence: 1,
      pending_since: null,
      pending_count: 0,
      turn_at: null,
      last_inbound_at: null,
      last_outbound_at: null,
      context: row.context,
      created_at: row.created_at,
    })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet({
        // A colleague's frame may have made the conversation before the buyer's own name was known.
        ...(isBuyer ? { customer_id: (eb) => eb.ref("excluded.customer_id") } : {}),
        // A frame without a name or context does not erase what an earlier one told.
        customer_name: (eb) => eb.fn.coalesce("excluded.customer_name", "conversations.customer_name"),
        context: (eb) => eb.fn.coalesce("excluded.context", "conversations.context"),
      }),
    )
    .returningAll();
}

function toConversation(row: Selectable<Database["conversations"]>): Conversation {
  return {
    ...row,
    context: row.context === null ? null : (JSON.parse(row.context) as Conversation["context"]),
  };
}
