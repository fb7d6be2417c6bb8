import { type Kysely, type Selectable, sql } from "kysely";
import type { ImageOrder, OrderHistory, OrderRevision } from "../domain/orders/order.ts";
import type { OrderStatus } from "../domain/orders/order-status.ts";
import type { OrderStore } from "../domain/orders/ports.ts";
import type { OrderKind } from "../domain/orders/service.ts";
import { held } from "./held.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

const ofConversation = prepared((db, { conversationId, limit }: { conversationId: string; limit: number }) =>
  held(
    db,
    db
      .selectFrom("image_tasks")
      .selectAll()
      .where("conversation_id", "=", conversationId)
      .orderBy("created_at", "desc")
      .orderBy("id", "desc")
      .limit(limit),
  ),
);

const newestAt = prepared((db, { conversationId }: { conversationId: string }) =>
  db
    .selectFrom("image_tasks")
    .select("created_at as at")
    .where("conversation_id", "=", conversationId)
    .orderBy("created_at", "desc")
    .limit(1),
);

export function createOrderStore(db: Kysely<Database>): OrderStore {
  return {
    async add(order, at) {
      const newest = await newestAt.first(db, { conversationId: order.conversation_id });
      const row = await db
        .insertInto("image_tasks")
        .values({
          id: order.id,
          conversation_id: order.conversation_id,
          customer_id: order.customer_id,
          kind: order.kind,
          status: "draft",
          revision: 0,
          demand: JSON.stringify(order.demand),
          pictures: JSON.stringify(order.pictures),
          candidates: JSON.stringify(order.candidates),
          picked: "[]",
          quote_id: null,
          risk_id: null,
          dispatch_no: null,
          parent_id: order.parent_id,
          deliveries: "[]",
          paid_at: null,
          paid_by: null,
          deadline_at: null,
          sent_revision: 0,
          // Two of one moment, or from before the clock stepped back, stay in the order they came in.
          created_at: Math.max(at, (newest?.at ?? 0) + 1),
          updated_at: at,
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning("id")
        .executeTakeFirst();
      if (row === undefined) return false;
      await db
        .insertInto("image_task_history")
        .values({ image_task_id: order.id, from: null, to: "draft", cause: "demand", at })
        .execute();
      return true;
    },

    async find(id) {
      const row = await held(
        db,
        db.selectFrom("image_tasks").selectAll().where("id", "=", id),
      ).executeTakeFirst();
      return row === undefined ? null : toOrder(row);
    },

    async findByDispatch(dispatchNo) {
      const row = await db
        .selectFrom("image_tasks")
        .selectAll()
        .where("dispatch_no", "=", dispatchNo)
        .executeTakeFirst();
      return row === undefined ? null : toOrder(row);
    },

    async ofConversation(conversationId, limit) {
      return (await ofConversation.all(db, { conversationId, limit })).map(toOrder);
    },

    async ofCustomer(customerId, limit) {
      const rows = await db
        .selectFrom("image_tasks")
        .selectAll()
        .where("customer_id", "=", customerId)
        .orderBy("created_at", "desc")
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(toOrder);
    },

    async list({ status, limit }) {
      let query = db.selectFrom("image_tasks").selectAll();
      if (status !== undefined) query = query.where("status", "=", status);
      const rows = await query.orderBy("created_at", "desc").orderBy("id", "desc").limit(limit).execute();
      return rows.map(toOrder);
    },

    async move(id, { from, to, cause, at }) {
      const result = await db
        .updateTable("image_tasks")
        .set({ status: to, updated_at: at })
        .where("id", "=", id)
        .where("status", "=", from)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) return null;
      const row = await db
        .insertInto("image_task_history")
        .values({ image_task_id: id, from, to, cause, at })
        .returningAll()
        .executeTakeFirstOrThrow();
      return toHistory(row);
    },

    async change(id, change) {
      const { demand, pictures, candidates, picked, deliveries, ...plain } = change;
      await db
        .updateTable("image_tasks")
        .set({
          ...plain,
          ...(demand === undefined ? {} : { demand: JSON.stringify(demand) }),
          ...(pictures === undefined ? {} : { pictures: JSON.stringify(pictures) }),
          ...(candidates === undefined ? {} : { candidates: JSON.stringify(candidates) }),
          ...(picked === undefined ? {} : { picked: JSON.stringify(picked) }),
          ...(deliveries === undefined ? {} : { deliveries: JSON.stringify(deliveries) }),
        })
        .where("id", "=", id)
        .execute();
    },

    async addRevision(revision) {
      const row = await db
        .updateTable("image_tasks")
        .set({ revision: sql<number>`revision + 1`, updated_at: revision.at })
        .where("id", "=", revision.image_task_id)
        .returning("revision")
        .executeTakeFirstOrThrow();
      await db
        .insertInto("image_task_revisions")
        .values({
          ...revision,
          pictures: JSON.stringify(revision.pictures),
          status: revision.status ?? "kept",
          before: revision.before == null ? null : JSON.stringify(revision.before),
          source_id: revision.source_id ?? null,
          revision: row.revision,
        })
        .execute();
      return row.revision;
    },

    async revisions(id) {
      const rows = await db
        .selectFrom("image_task_revisions")
        .selectAll()
        .where("image_task_id", "=", id)
        .orderBy("revision")
        .execute();
      return rows.map(toRevision);
    },

    async settleRevisions(id, status) {
      await db
        .updateTable("image_task_revisions")
        .set({ status })
        .where("image_task_id", "=", id)
        .where("status", "=", "in_review")
        .execute();
    },

    async history(id) {
      const rows = await db
        .selectFrom("image_task_history")
        .selectAll()
        .where("image_task_id", "=", id)
        .orderBy("id")
        .execute();
      return rows.map(toHistory);
    },

    async historyRow(rowId) {
      const row = await db
        .selectFrom("image_task_history")
        .selectAll()
        .where("id", "=", rowId)
        .executeTakeFirst();
      return row === undefined ? null : toHistory(row);
    },
  };
}

function toRevision(row: Selectable<Database["image_task_revisions"]>): OrderRevision {
  return {
    ...row,
    status: row.status as OrderRevision["status"],
    pictures: JSON.parse(row.pictures) as string[],
    before: row.before === null ? null : (JSON.parse(row.before) as OrderRevision["before"]),
  };
}

function toHistory(row: Selectable<Database["image_task_history"]>): OrderHistory {
  return { ...row, from: row.from as OrderStatus | null, to: row.to as OrderStatus };
}

function toOrder(row: Selectable<Database["image_tasks"]>): ImageOrder {
  return {
    ...row,
    kind: row.kind as OrderKind,
    status: row.status as OrderStatus,
    demand: JSON.parse(row.demand) as ImageOrder["demand"],
    pictures: JSON.parse(row.pictures) as string[],
    candidates: JSON.parse(row.candidates) as ImageOrder["candidates"],
    picked: JSON.parse(row.picked) as number[],
    deliveries: JSON.parse(row.deliveries) as ImageOrder["deliveries"],
  };
}
