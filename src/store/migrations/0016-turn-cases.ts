import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** The case as a turn saw it before it first wrote something; gone when the turn has ended. */
export function turnCases(): Migration {
  return {
    async up({ schema }: Kysely<unknown>) {
      await schema
        .createTable("turn_cases")
        .addColumn("turn_id", "text", (it) => it.primaryKey())
        .addColumn("first_message_id", "text", (it) => it.notNull())
        .addColumn("fence", "bigint", (it) => it.notNull())
        .addColumn("message_ids", "text", (it) => it.notNull())
        .addColumn("content", "text", (it) => it.notNull())
        .execute();
    },
  };
}
