import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** The IT desk's tickets, and what each turn's answer stood on. */
export function helpdesk(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const { schema } = db;
      await schema
        .createTable("tickets")
        .addColumn("id", "text", (it) => it.primaryKey())
        .addColumn("conversation_id", "text", (it) => it.notNull())
        .addColumn("turn_id", "text", (it) => it.notNull())
        .addColumn("customer_id", "text", (it) => it.notNull())
        .addColumn("customer_name", "text")
        .addColumn("title", "text", (it) => it.notNull())
        .addColumn("description", "text", (it) => it.notNull())
        .addColumn("priority", "text", (it) => it.notNull())
        .addColumn("status", "text", (it) => it.notNull())
        .addColumn("note", "text")
        .addColumn("changed_by", "text")
        .addColumn("created_at", "bigint", (it) => it.notNull())
        .addColumn("updated_at", "bigint", (it) => it.notNull())
        .execute();
      const indexes: [string, string[], boolean][] = [
        ["tickets_of_turn", ["turn_id", "title"], true],
        ["tickets_of_conversation", ["conversation_id", "created_at"], false],
        ["tickets_by_status", ["status", "created_at"], false],
      ];
      for (const [name, columns, isUnique] of indexes) {
        const index = schema.createIndex(name).on("tickets").columns(columns);
        await (isUnique ? index.unique() : index).execute();
      }
      await schema
        .createTable("dify_conversations")
        .addColumn("key", "text", (it) => it.primaryKey())
        .addColumn("dify_id", "text", (it) => it.notNull())
        .addColumn("updated_at", "bigint", (it) => it.notNull())
        .execute();
      // Of turns before this nobody knows: null.
      for (const column of ["agent", "knowledge", "citations"])
        await schema.alterTable("turns").addColumn(column, "text").execute();
      await schema
        .createIndex("turns_by_knowledge")
        .on("turns")
        .columns(["knowledge", "ended_at"])
        .where("knowledge", "=", "miss")
        .execute();
    },
  };
}
