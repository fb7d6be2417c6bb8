import type { Kysely } from "kysely";
import { bytesOf, type DatabaseKind, sequence } from "./database-kind.ts";

/** Orders with their certificates, pictures, handoffs, turns, customers and the gallery. */
export async function createOrderTables(db: Kysely<unknown>, kind: DatabaseKind): Promise<void> {
  const make = db.schema;
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
  await make.createIndex("quotes_of_customer").on("quotes").columns(["customer_id", "created_at"]).execute();
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
    .addColumn("fingerprint", bytesOf(kind), (it) => it.notNull())
    .addColumn("created_at", "bigint", (it) => it.notNull())
    .execute();
}
