import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { createOrderTables } from "./0001-first-orders.ts";
import { type DatabaseKind, sequence } from "./database-kind.ts";

/** Conversations, messages, jobs and 天网's tasks; the tables of orders are in a file of their own. */
export function first(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await createTalkTables(db, kind);
      await createTaskTables(db, kind);
      await createOrderTables(db, kind);
    },
  };
}

async function createTalkTables(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const make = db.schema;
  await make
    .createTable("conversations")
    .addColumn("id", "text", (it) => it.primaryKey())
    .addColumn("channel", "text", (it) => it.notNull())
    .addColumn("platform", "text", (it) => it.notNull())
    .addColumn("shop_id", "text", (it) => it.notNull())
    .addColumn("shop_name", "text")
    .addColumn("external_id", "text", (it) => it.notNull())
    .addColumn("customer_id", "text", (it) => it.notNull())
    .addColumn("customer_name", "text")
    .addColumn("holder", "text", (it) => it.notNull().defaultTo("bot"))
    .addColumn("held_by", "text")
    .addColumn("fence", "integer", (it) => it.notNull().defaultTo(1))
    .addColumn("pending_since", "bigint")
    .addColumn("pending_count", "integer", (it) => it.notNull().defaultTo(0))
    .addColumn("turn_at", "bigint")
    .addColumn("last_inbound_at", "bigint")
    .addColumn("last_outbound_at", "bigint")
    .addColumn("context", "text")
    .addColumn("created_at", "bigint", (it) => it.notNull())
    .execute();
  await make
    .createIndex("conversations_of_customer")
    .on("conversations")
    .columns(["customer_id", "last_inbound_at"])
    .execute();
  await make
    .createIndex("conversations_of_platform")
    .on("conversations")
    .columns(["channel", "external_id"])
    .execute();
  await make
    .createIndex("conversations_held")
    .on("conversations")
    .columns(["holder", "last_inbound_at"])
    .execute();

  await sequence(kind, make.createTable("messages"), "seq")
    .addColumn("id", "text", (it) => it.notNull().unique())
    .addColumn("conversation_id", "text", (it) => it.notNull())
    .addColumn("direction", "text", (it) => it.notNull())
    .addColumn("author", "text", (it) => it.notNull())
    .addColumn("platform_message_id", "text")
    .addColumn("dedupe_key", "text", (it) => it.unique())
    .addColumn("parts", "text", (it) => it.notNull())
    .addColumn("status", "text", (it) => it.notNull())
    .addColumn("fence", "integer", (it) => it.notNull())
    .addColumn("turn_id", "text")
    .addColumn("firing_id", "text")
    .addColumn("in_reply_to", "text")
    .addColumn("attempts", "integer", (it) => it.notNull().defaultTo(0))
    .addColumn("sending_until", "bigint")
    .addColumn("error", "text")
    .addColumn("at", "bigint", (it) => it.notNull())
    .addColumn("settled_at", "bigint")
    .execute();
  await make
    .createIndex("messages_of_conversation")
    .on("messages")
    .columns(["conversation_id", "seq"])
    .execute();
  // Only what still waits is in this index, so a pending or unsent lookup never walks an old conversation.
  await make
    .createIndex("messages_unsettled")
    .on("messages")
    .columns(["conversation_id", "status", "seq"])
    .where("status" as never, "in", ["pending", "queued", "sending", "deferred"] as never)
    .execute();
  await make
    .createIndex("messages_uncertain")
    .on("messages")
    .columns(["status", "seq"])
    .where("status" as never, "in", ["uncertain", "failed", "queued", "sending"] as never)
    .execute();

  await sequence(kind, make.createTable("jobs"), "id")
    .addColumn("kind", "text", (it) => it.notNull())
    .addColumn("payload", "text", (it) => it.notNull())
    .addColumn("job_key", "text", (it) => it.unique())
    .addColumn("queue", "text")
    .addColumn("run_at", "bigint", (it) => it.notNull())
    .addColumn("attempts", "integer", (it) => it.notNull().defaultTo(0))
    .addColumn("max_attempts", "integer", (it) => it.notNull())
    .addColumn("locked_by", "text")
    .addColumn("locked_until", "bigint")
    .addColumn("rerun_at", "bigint")
    .addColumn("last_error", "text")
    .addColumn("dead_at", "bigint")
    .addColumn("created_at", "bigint", (it) => it.notNull())
    .execute();
  await make
    .createIndex("jobs_due")
    .on("jobs")
    .columns(["kind", "run_at", "id"])
    .where("dead_at" as never, "is", null)
    .execute();
  await make
    .createIndex("jobs_locked_queue")
    .on("jobs")
    .columns(["queue", "locked_until"])
    .where("queue" as never, "is not", null)
    .execute();
  await make
    .createIndex("jobs_locked")
    .on("jobs")
    .column("locked_by")
    .where("locked_by" as never, "is not", null)
    .execute();
}

async function createTaskTables(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const make = db.schema;
  await sequence(kind, make.createTable("tasks"), "seq")
    .addColumn("task_id", "text", (it) => it.notNull().unique())
    .addColumn("type", "text", (it) => it.notNull())
    .addColumn("customer_id", "text", (it) => it.notNull())
    .addColumn("platform", "text")
    .addColumn("shop_id", "text")
    .addColumn("trigger_type", "text", (it) => it.notNull())
    .addColumn("created_by", "text", (it) => it.notNull())
    .addColumn("priority", "integer", (it) => it.notNull())
    .addColumn("request", "text", (it) => it.notNull())
    .addColumn("status", "text", (it) => it.notNull())
    .addColumn("attempts", "integer", (it) => it.notNull().defaultTo(0))
    .addColumn("error_message", "text")
    .addColumn("fired_count", "integer", (it) => it.notNull().defaultTo(0))
    .addColumn("next_at", "bigint")
    .addColumn("created_at", "bigint", (it) => it.notNull())
    .addColumn("triggered_at", "bigint")
    .addColumn("completed_at", "bigint")
    .execute();
  await make
    .createIndex("tasks_that_look_at_a_customer")
    .on("tasks")
    .columns(["customer_id", "trigger_type", "priority", "seq"])
    .where("status" as never, "=", "pending" as never)
    .execute();
  await make.createIndex("tasks_by_status").on("tasks").columns(["status", "seq"]).execute();
  await make.createIndex("tasks_of_customer").on("tasks").columns(["customer_id", "seq"]).execute();

  await sequence(kind, make.createTable("task_history"), "id")
    .addColumn("task_id", "text", (it) => it.notNull())
    .addColumn("status", "text", (it) => it.notNull())
    .addColumn("cause", "text", (it) => it.notNull())
    .addColumn("detail", "text")
    .addColumn("at", "bigint", (it) => it.notNull())
    .execute();
  await make.createIndex("task_history_of_task").on("task_history").columns(["task_id", "id"]).execute();

  await make
    .createTable("task_firings")
    .addColumn("id", "text", (it) => it.primaryKey())
    .addColumn("task_id", "text", (it) => it.notNull())
    .addColumn("slot", "text", (it) => it.notNull())
    .addColumn("conversation_id", "text")
    .addColumn("customer_id", "text", (it) => it.notNull())
    .addColumn("status", "text", (it) => it.notNull())
    .addColumn("attempts", "integer", (it) => it.notNull().defaultTo(0))
    .addColumn("error", "text")
    .addColumn("created_at", "bigint", (it) => it.notNull())
    .addUniqueConstraint("task_firings_once_per_slot", ["task_id", "slot"])
    .execute();
  await make.createIndex("task_firings_of_slot").on("task_firings").column("slot").execute();
  await make
    .createIndex("task_firings_waiting")
    .on("task_firings")
    .column("conversation_id")
    .where("status" as never, "=", "waiting" as never)
    .execute();
}
