import type { CreateTableBuilder, Kysely } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import { AppError, errorText } from "../domain/errors.ts";
import type { Database } from "./schema.ts";

export type DatabaseKind = "sqlite" | "postgres";

/** Brings the schema up to date; numbered, each once. Throws AppError("migration-failed"). */
export async function migrate(db: Kysely<Database>, kind: DatabaseKind): Promise<void> {
  const provider: MigrationProvider = {
    getMigrations: async () => ({
      "0001_first": first(kind),
      "0002_orders_in_depth": ordersInDepth(kind),
      "0003_demands_weighed": demandsWeighed(),
    }),
  };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw new AppError("migration-failed", errorText(error), { cause: error });
}

/** When an order was paid, when its designer must be done, and what changed in the gallery. */
function ordersInDepth(kind: DatabaseKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema.alterTable("image_tasks").addColumn("paid_at", "bigint").execute();
      await db.schema.alterTable("image_tasks").addColumn("paid_by", "text").execute();
      await db.schema.alterTable("image_tasks").addColumn("deadline_at", "bigint").execute();
      await db.schema
        .alterTable("image_tasks")
        .addColumn("sent_revision", "integer", (it) => it.notNull().defaultTo(0))
        .execute();
      await sequence(kind, db.schema.createTable("gallery_changes"), "seq")
        .addColumn("item_id", "text", (it) => it.notNull())
        .execute();
    },
  };
}

/** A later demand that a person still weighs, and what the order was before it. */
function demandsWeighed(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .alterTable("image_task_revisions")
        .addColumn("status", "text", (it) => it.notNull().defaultTo("kept"))
        .execute();
      await db.schema.alterTable("image_task_revisions").addColumn("before", "text").execute();
    },
  };
}

function sequence<Name extends string, Column extends string>(
  kind: DatabaseKind,
  table: CreateTableBuilder<Name, never>,
  column: Column,
) {
  return kind === "sqlite"
    ? table.addColumn(column, "integer", (it) => it.primaryKey().autoIncrement())
    : table.addColumn(column, "bigserial", (it) => it.primaryKey());
}

function first(kind: DatabaseKind): Migration {
  const bytes = kind === "sqlite" ? "blob" : "bytea";

  return {
    async up(db: Kysely<unknown>) {
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

      await make
        .createTable("image_tasks")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("conversation_id", "text", (it) => it.notNull())
        .addColumn("customer_id", "text", (it) => it.notNull())
        .addColumn("kind", "text", (it) => it.notNull())
        .addColumn("status", "text", (it) => it.notNull())
        .addColumn("revision", "integer", (it) => it.notNull())
        .addColumn("demand", "text", (it) => it.notNull())
        .addColumn("pictures", "text", (it) => it.notNull())
        .addColumn("candidates", "text", (it) => it.notNull())
        .addColumn("picked", "text", (it) => it.notNull())
        .addColumn("quote_id", "text")
        .addColumn("risk_id", "text")
        .addColumn("dispatch_no", "text")
        .addColumn("parent_id", "text")
        .addColumn("deliveries", "text", (it) => it.notNull())
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .addColumn("updated_at", "bigint", (it) => it.notNull())
        .execute();
      await make
        .createIndex("image_tasks_of_conversation")
        .on("image_tasks")
        .columns(["conversation_id", "created_at"])
        .execute();
      await make
        .createIndex("image_tasks_of_customer")
        .on("image_tasks")
        .columns(["customer_id", "created_at"])
        .execute();
      await make
        .createIndex("image_tasks_by_status")
        .on("image_tasks")
        .columns(["status", "created_at"])
        .execute();
      await make.createIndex("image_tasks_by_dispatch").on("image_tasks").column("dispatch_no").execute();

      await make
        .createTable("image_task_revisions")
        .addColumn("image_task_id", "text", (it) => it.notNull())
        .addColumn("revision", "integer", (it) => it.notNull())
        .addColumn("text", "text", (it) => it.notNull())
        .addColumn("pictures", "text", (it) => it.notNull())
        .addColumn("risk_id", "text")
        .addColumn("price_delta_fen", "integer", (it) => it.notNull())
        .addColumn("at", "bigint", (it) => it.notNull())
        .addPrimaryKeyConstraint("image_task_revisions_key", ["image_task_id", "revision"])
        .execute();
      await sequence(kind, make.createTable("image_task_history"), "id")
        .addColumn("image_task_id", "text", (it) => it.notNull())
        .addColumn("from", "text")
        .addColumn("to", "text", (it) => it.notNull())
        .addColumn("cause", "text", (it) => it.notNull())
        .addColumn("at", "bigint", (it) => it.notNull())
        .execute();
      await make
        .createIndex("image_task_history_of_task")
        .on("image_task_history")
        .columns(["image_task_id", "id"])
        .execute();

      await make
        .createTable("quotes")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("image_task_id", "text")
        .addColumn("conversation_id", "text", (it) => it.notNull())
        .addColumn("customer_id", "text", (it) => it.notNull())
        .addColumn("status", "text", (it) => it.notNull())
        .addColumn("total_fen", "integer", (it) => it.notNull())
        .addColumn("certificate", "text", (it) => it.notNull())
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .execute();
      await make
        .createIndex("quotes_of_conversation")
        .on("quotes")
        .columns(["conversation_id", "created_at"])
        .execute();
      await make
        .createIndex("quotes_of_customer")
        .on("quotes")
        .columns(["customer_id", "created_at"])
        .execute();
      await make
        .createTable("risk_certificates")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("image_task_id", "text")
        .addColumn("certificate", "text", (it) => it.notNull())
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .execute();

      await make
        .createTable("pictures")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("clean_file", "text", (it) => it.notNull())
        .addColumn("facts", "text", (it) => it.notNull())
        .addColumn("text", "text")
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .execute();

      await make
        .createTable("handoffs")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("conversation_id", "text", (it) => it.notNull())
        .addColumn("customer_id", "text", (it) => it.notNull())
        .addColumn("reason", "text", (it) => it.notNull())
        .addColumn("status", "text", (it) => it.notNull())
        .addColumn("group_name", "text")
        .addColumn("image_task_id", "text")
        .addColumn("card", "text", (it) => it.notNull())
        .addColumn("taken_by", "text")
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .addColumn("ended_at", "bigint")
        .execute();
      await make
        .createIndex("handoffs_of_conversation")
        .on("handoffs")
        .columns(["conversation_id", "status"])
        .execute();
      await make.createIndex("handoffs_by_status").on("handoffs").columns(["status", "created_at"]).execute();

      await make
        .createTable("turns")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("conversation_id", "text", (it) => it.notNull())
        .addColumn("rung", "text", (it) => it.notNull())
        .addColumn("outcome", "text", (it) => it.notNull())
        .addColumn("tools", "text", (it) => it.notNull())
        .addColumn("versions", "text", (it) => it.notNull())
        .addColumn("queued_at", "bigint", (it) => it.notNull())
        .addColumn("started_at", "bigint", (it) => it.notNull())
        .addColumn("ended_at", "bigint", (it) => it.notNull())
        .execute();

      await make
        .createTable("customers")
        .addColumn("id", "text", (it) => it.notNull())
        .addColumn("platform", "text", (it) => it.notNull())
        .addColumn("name", "text")
        .addColumn("blacklisted", "integer", (it) => it.notNull().defaultTo(0))
        .addPrimaryKeyConstraint("customers_key", ["id", "platform"])
        .execute();

      await make
        .createTable("gallery_items")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("title", "text", (it) => it.notNull())
        .addColumn("tags", "text", (it) => it.notNull())
        .addColumn("description", "text", (it) => it.notNull())
        .addColumn("file", "text", (it) => it.notNull())
        .addColumn("fingerprint", bytes, (it) => it.notNull())
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .execute();
    },
  };
}
