import type { CreateTableBuilder } from "kysely";

export type DatabaseKind = "sqlite" | "postgres";

/** A primary key that counts by itself. */
export function sequence<Name extends string, Column extends string>(
  kind: DatabaseKind,
  table: CreateTableBuilder<Name, never>,
  column: Column,
) {
  return kind === "sqlite"
    ? table.addColumn(column, "integer", (it) => it.primaryKey().autoIncrement())
    : table.addColumn(column, "bigserial", (it) => it.primaryKey());
}

export function bytesOf(kind: DatabaseKind): "blob" | "bytea" {
  return kind === "sqlite" ? "blob" : "bytea";
}
