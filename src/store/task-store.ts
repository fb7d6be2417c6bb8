import { type Kysely, type Selectable, sql } from "kysely";
import type { TaskStore } from "../domain/tasks/ports.ts";
import type { Firing, Task, TaskHistory, TaskRequest, TaskStatus, Trigger } from "../domain/tasks/task.ts";
import { isEnded } from "../domain/tasks/task.ts";
import { held } from "./held.ts";
import { prepared } from "./prepared.ts";
import type { Database } from "./schema.ts";

/** What a task is made of; the other columns repeat parts of the request for the indices. */
const TASK_COLUMNS = [
  "seq",
  "task_id",
  "request",
  "status",
  "attempts",
  "error_message",
  "fired_count",
  "next_at",
  "created_at",
  "triggered_at",
  "completed_at",
] as const;
type TaskRow = Pick<Selectable<Database["tasks"]>, (typeof TASK_COLUMNS)[number]>;

type NewTask = Pick<
  Selectable<Database["tasks"]>,
  | "task_id"
  | "type"
  | "customer_id"
  | "platform"
  | "shop_id"
  | "trigger_type"
  | "created_by"
  | "priority"
  | "request"
  | "next_at"
  | "created_at"
>;

const insertTask = prepared((db, row: NewTask) =>
  db
    .insertInto("tasks")
    .values({
      task_id: row.task_id,
      type: row.type,
      customer_id: row.customer_id,
      platform: row.platform,
      shop_id: row.shop_id,
      trigger_type: row.trigger_type,
      created_by: row.created_by,
      priority: row.priority,
      request: row.request,
      status: "pending",
      attempts: 0,
      error_message: null,
      fired_count: 0,
      next_at: row.next_at,
      created_at: row.created_at,
      triggered_at: null,
      completed_at: null,
    })
    .onConflict((conflict) => conflict.column("task_id").doNothing())
    .returning("seq"),
);
const findTask = prepared((db, { taskId }: { taskId: string }) =>
  held(db, db.selectFrom("tasks").select(TASK_COLUMNS).where("task_id", "=", taskId)),
);
// One statement: what two of them cost is mostly SQLite's locking.
const findTaskWithHistory = prepared((db, { taskId }: { taskId: string }) =>
  db
    .selectFrom("tasks")
    .leftJoin("task_history as h", "h.task_id", "tasks.task_id")
    .select(TASK_COLUMNS.map((column) => `tasks.${column}` as const))
    .select(["h.status as to", "h.cause", "h.detail", "h.at"])
    .where("tasks.task_id", "=", taskId)
    .orderBy("h.id"),
);
const insertHistory = prepared((db, entry: TaskHistory & { taskId: string }) =>
  db.insertInto("task_history").values({
    task_id: entry.taskId,
    status: entry.status,
    cause: entry.cause,
    detail: entry.detail,
    at: entry.at,
  }),
);
const pendingFor = prepared(
  (
    db,
    given: { trigger: Trigger["type"]; customerId: string; everyone: "*"; platform: string; shopId: string },
  ) => {
    // One customer per select, and the status as a literal: only so does SQLite take the index of pending tasks by
    // customer; with `in` it walks all pending ones.
    const of = (customerId: string) =>
      db
        .selectFrom("tasks")
        .select(TASK_COLUMNS)
        .where("status", "=", sql.lit("pending"))
        .where("customer_id", "=", customerId)
        .where("trigger_type", "=", given.trigger)
        .where((eb) => eb.or([eb("platform", "is", null), eb("platform", "=", given.platform)]))
        .where((eb) => eb.or([eb("shop_id", "is", null), eb("shop_id", "=", given.shopId)]));
    return of(given.customerId).unionAll(of(given.everyone));
  },
);

export function createTaskStore(db: Kysely<Database>): TaskStore {
  return {
    async add({ request, now, nextAt }) {
      const row = {
        task_id: request.task_id,
        type: request.type,
        customer_id: request.customer.id,
        platform: request.customer.platform ?? null,
        shop_id: request.customer.shop_id ?? null,
        trigger_type: request.trigger.type,
        created_by: request.created_by,
        priority: request.priority,
        request: JSON.stringify(request),
        next_at: nextAt,
        created_at: now,
      };
      const added = await insertTask.first(db, row);
      if (added === undefined) return null;
      await addHistory(request.task_id, { status: "pending", cause: "received", detail: null, at: now });
      return {
        seq: added.seq,
        task_id: request.task_id,
        request,
        status: "pending",
        attempts: 0,
        error_message: null,
        fired_count: 0,
        next_at: nextAt,
        created_at: now,
        triggered_at: null,
        completed_at: null,
      };
    },

    async find(taskId) {
      const row = await findTask.first(db, { taskId });
      return row === undefined ? null : toTask(row);
    },

    async list({ status, customerId, type, createdBy, beforeSeq, limit }) {
      let query = db.selectFrom("tasks").select(TASK_COLUMNS);
      if (status !== undefined) query = query.where("status", "=", status);
      if (customerId !== undefined) query = query.where("customer_id", "=", customerId);
      if (type !== undefined) query = query.where("type", "=", type);
      if (createdBy !== undefined) query = query.where("created_by", "=", createdBy);
      if (beforeSeq !== undefined) query = query.where("seq", "<", beforeSeq);
      const rows = await query.orderBy("seq", "desc").limit(limit).execute();
      return rows.map(toTask);
    },

    async pendingFor(trigger, customer) {
      const rows = await pendingFor.all(db, {
        trigger,
        customerId: customer.id,
        everyone: "*",
        platform: customer.platform,
        shopId: customer.shopId,
      });
      return rows.map(toTask).sort((a, b) => b.request.priority - a.request.priority || a.seq - b.seq);
    },

    async move(taskId, { from, to, cause, detail, at, error, fired, attempted, nextAt }) {
      const result = await db
        .updateTable("tasks")
        .set({
          status: to,
          ...(error === undefined ? {} : { error_message: error }),
          ...(fired === true ? { triggered_at: at, fired_count: sql<number>`fired_count + 1` } : {}),
          ...(attempted === true ? { attempts: sql<number>`attempts + 1` } : {}),
          ...(nextAt === undefined ? {} : { next_at: nextAt }),
          ...(isEnded(to) ? { completed_at: at } : {}),
        })
        .where("task_id", "=", taskId)
        .where("status", "=", from)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) return false;
      await addHistory(taskId, { status: to, cause, detail: detail ?? null, at });
      return true;
    },

    note: addHistory,

    async findWithHistory(taskId) {
      const rows = await findTaskWithHistory.all(db, { taskId });
      if (rows[0] === undefined) return null;
      const history = rows.flatMap(({ to, cause, detail, at }) =>
        to === null || cause === null || at === null ? [] : [{ status: to as TaskStatus, cause, detail, at }],
      );
      return { task: toTask(rows[0]), history };
    },

    async claimFiring({ id, taskId, slot, conversationId, customerId, at }) {
      const row = await db
        .insertInto("task_firings")
        .values({
          id,
          task_id: taskId,
          slot,
          conversation_id: conversationId,
          customer_id: customerId,
          status: "running",
          attempts: 0,
          error: null,
          created_at: at,
        })
        .onConflict((conflict) => conflict.columns(["task_id", "slot"]).doNothing())
        .returningAll()
        .executeTakeFirst();
      return row ?? null;
    },

    async findFiring(id) {
      const row = await held(
        db,
        db.selectFrom("task_firings").selectAll().where("id", "=", id),
      ).executeTakeFirst();
      return row ?? null;
    },

    async updateFiring(id, { status, error, attempted, conversationId }) {
      await db
        .updateTable("task_firings")
        .set({
          status,
          ...(error === undefined ? {} : { error }),
          ...(attempted === true ? { attempts: sql<number>`attempts + 1` } : {}),
          ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
        })
        .where("id", "=", id)
        .execute();
    },

    async waitingFirings(conversationId) {
      return await db
        .selectFrom("task_firings")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .where("status", "=", sql.lit<Firing["status"]>("waiting"))
        .orderBy("created_at")
        .orderBy("id")
        .execute();
    },

    async waitingFiringOf(taskId) {
      const row = await db
        .selectFrom("task_firings")
        .selectAll()
        .where("task_id", "=", taskId)
        .where("status", "=", sql.lit<Firing["status"]>("waiting"))
        .limit(1)
        .executeTakeFirst();
      return row ?? null;
    },

    async firingsOfSlots(slots) {
      if (slots.length === 0) return [];
      return await db.selectFrom("task_firings").selectAll().where("slot", "in", slots).execute();
    },
  };

  async function addHistory(taskId: string, entry: TaskHistory): Promise<void> {
    await insertHistory.run(db, { taskId, ...entry });
  }
}

function toTask(row: TaskRow): Task {
  return {
    seq: row.seq,
    task_id: row.task_id,
    request: JSON.parse(row.request) as TaskRequest,
    status: row.status as TaskStatus,
    attempts: row.attempts,
    error_message: row.error_message,
    fired_count: row.fired_count,
    next_at: row.next_at,
    created_at: row.created_at,
    triggered_at: row.triggered_at,
    completed_at: row.completed_at,
  };
}
