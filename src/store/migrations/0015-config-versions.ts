import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { type DatabaseKind, sequence } from "./database-kind.ts";

/** What the files that steer the agents held, by their hashes, and when each came to be used. */
export function configVersions(kind: DatabaseKind): Migration {
  return {
    async up({ schema }: Kysely<unknown>) {
      await schema
        .createTable("config_versions")
        .addColumn("name", "text", (it) => it.notNull())
        .addColumn("version", "text", (it) => it.notNull())
        .addColumn("content", "text", (it) => it.notNull())
        .addPrimaryKeyConstraint("config_versions_key", ["name", "version"])
        .execute();
      await sequence(kind, schema.createTable("config_changes"), "id")
        .addColumn("name", "text", (it) => it.notNull())
        .addColumn("version", "text", (it) => it.notNull())
        .addColumn("at", "bigint", (it) => it.notNull())
        .execute();
      await schema
        .createIndex("config_changes_of_file")
        .on("config_changes")
        .columns(["name", "id"])
        .execute();
    },
  };
}
