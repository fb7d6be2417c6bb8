import { type Kysely, sql } from "kysely";
import type { MessageStore } from "../domain/conversations/ports.ts";
import type { Lease } from "../domain/leases.ts";
import { unchanged } from "./held.ts";
import { toMessage, waits } from "./message-rows.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

const goesOut = sql<boolean>`"messages"."status" in ('uncertain', 'failed', 'queued', 'sending')`;
const GOES_OUT: readonly string[] = ["uncertain", "failed", "queued", "sending"];

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

type Outbox = Pick<
  MessageStore,
  | "unsent"
  | "claimSend"
  | "isSending"
  | "settleOutbound"
  | "noteUndelivered"
  | "releaseDeferred"
  | "conversationsToDeliver"
  | "listOutbound"
>;

/** What goes out: which messages are to be sent, who is sending one, and what became of it. */
export function createOutbox(db: Kysely<Database>): Outbox {
  return {
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

    async noteUndelivered(conversationId, platformMessageId, error) {
      const { numUpdatedRows } = await db
        .updateTable("messages")
        .set({ status: "failed", error })
        .where("conversation_id", "=", conversationId)
        .where("platform_message_id", "=", platformMessageId)
        .where("direction", "=", "out")
        .where("status", "=", sql.lit("sent"))
        .executeTakeFirst();
      return numUpdatedRows > 0n;
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
