import { type Kysely, sql } from "kysely";
import type LibsqlDatabase from "libsql";
import { AppError } from "../../domain/errors.ts";
import type { Database } from "../schema.ts";
import { timestamp } from "./job-queue.ts";

/** So many rows are one transaction of the target, with the note of how far we are. */
const BATCH = 500;

/** Tables in the order they are moved, with the column that counts by itself. Jobs go last: they speak of the others. */
const TABLES: { name: keyof Database; counter?: string }[] = [
  { name: "conversations" },
  { name: "messages", counter: "seq" },
  { name: "tasks", counter: "seq" },
  { name: "task_history", counter: "id" },
  { name: "task_firings" },
  { name: "image_tasks" },
  { name: "image_task_revisions" },
  { name: "image_task_history", counter: "id" },
  { name: "quotes" },
  { name: "risk_certificates" },
  { name: "pictures" },
  { name: "handoffs" },
  { name: "turns" },
  { name: "turn_cases" },
  { name: "tickets" },
  { name: "dify_conversations" },
  { name: "kf_cursors" },
  { name: "config_versions" },
  { name: "config_changes", counter: "id" },
  { name: "customers" },
  { name: "gallery_items" },
  { name: "gallery_changes", counter: "seq" },
  { name: "knowledge_documents" },
  { name: "knowledge_chunks", counter: "seq" },
  { name: "knowledge_blocks" },
  { name: "knowledge_vocabularies" },
  { name: "knowledge_vectors" },
  { name: "knowledge_vector_changes", counter: "seq" },
  { name: "jobs", counter: "id" },
];

type Row = Record<string, unknown>;
type Progress = { source: string; lastRow: number; copied: number; isDone: boolean };
export type MovedTable = { table: string; rows: number };

/**
 * Moves every record and every waiting job of a libSQL shop into an empty PostgreSQL database. How far it got is kept
 * in the target, with each batch: a move that was cut off goes on there. At the end the rows of each table are counted
 * on both sides.
 *
 * @param source - the shop's file, which nobody else has open, up to date
 * @param name - what the target remembers the source by
 * @throws AppError("target-not-empty" | "another-source" | "counts-differ")
 */
export async function moveShop({
  source,
  name,
  target,
  onProgress,
}: {
  source: LibsqlDatabase.Database;
  name: string;
  target: Kysely<Database>;
  onProgress: (table: string, copied: number, of: number) => void;
}): Promise<{ wasDone: boolean; tables: MovedTable[] }> {
  const before = await begin(target, name);
  const wasDone = TABLES.every((table) => before.get(table.name)?.isDone === true);
  // The shop lives there by now: its rows are no longer ours to count.
  if (wasDone)
    return {
      wasDone,
      tables: TABLES.map((it) => ({ table: it.name, rows: before.get(it.name)?.copied ?? 0 })),
    };

  for (const table of TABLES) {
    const progress = before.get(table.name);
    if (progress?.isDone !== true) await moveTable(source, target, table.name, name, progress, onProgress);
  }
  const tables = await compareCounts(source, target);
  for (const { name: table, counter } of TABLES)
    if (counter !== undefined) await setCounter(source, target, table, counter);
  await sql`update shop_move set is_done = true`.execute(target);
  return { wasDone, tables };
}

/** Where an earlier move stopped; refuses a target that holds anything else. */
async function begin(target: Kysely<Database>, name: string): Promise<Map<string, Progress>> {
  await sql`create table if not exists shop_move (
    table_name text primary key, source text not null, last_row bigint not null, copied bigint not null,
    is_done boolean not null default false)`.execute(target);
  const { rows } = await sql<Progress & { table: string }>`
    select table_name as "table", source, last_row as "lastRow", copied, is_done as "isDone" from shop_move`.execute(
    target,
  );
  const other = rows.find((row) => row.source !== name);
  if (other !== undefined)
    throw new AppError("another-source", `目标库里是从 ${other.source} 搬来的数据，不能再搬入 ${name}`);
  if (rows.length === 0)
    for (const table of TABLES)
      if ((await countOf(target, table.name)) > 0)
        throw new AppError("target-not-empty", `目标库不是空的：${table.name} 里已有数据；请换一个空库`);
  return new Map(rows.map(({ table, ...progress }) => [table, progress]));
}

async function moveTable(
  source: LibsqlDatabase.Database,
  target: Kysely<Database>,
  table: keyof Database,
  name: string,
  progress: Progress | undefined,
  onProgress: (table: string, copied: number, of: number) => void,
): Promise<void> {
  const total = rowsIn(source, table);
  const read = source.prepare(
    `select rowid as move_row, * from ${table} where rowid > ? order by rowid limit ${BATCH}`,
  );
  let lastRow = progress?.lastRow ?? 0;
  let copied = progress?.copied ?? 0;
  for (;;) {
    const rows = read.all([lastRow]) as (Row & { move_row: number })[];
    lastRow = rows.at(-1)?.move_row ?? lastRow;
    copied += rows.length;
    await target.transaction().execute(async (tx) => {
      const values = rows.map(({ move_row: _row, ...row }) => row);
      if (table === "jobs") for (const row of values) await moveJob(tx, row);
      else if (values.length > 0)
        await (tx as unknown as Kysely<Record<string, Row>>)
          .insertInto(table)
          .values(values.map(withBytes))
          .execute();
      await sql`insert into shop_move (table_name, source, last_row, copied)
        values (${table}, ${name}, ${lastRow}, ${copied})
        on conflict (table_name) do update set last_row = excluded.last_row, copied = excluded.copied`.execute(
        tx,
      );
    });
    onProgress(table, copied, total);
    if (rows.length < BATCH) return;
  }
}

/** A dead letter stays in our own table, any other job becomes one of graphile-worker's. */
async function moveJob(tx: Kysely<Database>, row: Row): Promise<void> {
  if (row.dead_at !== null) {
    await (tx as unknown as Kysely<Record<string, Row>>).insertInto("jobs").values(row).execute();
    return;
  }
  const runAt = timestamp(Number(row.rerun_at ?? row.run_at));
  await sql`select add_shared_job(${row.kind}, ${row.payload}::json, ${row.job_key}, ${row.queue},
    ${runAt}::timestamptz, ${row.max_attempts}::integer, ${row.attempts}::integer, ${row.last_error})`.execute(
    tx,
  );
}

/** libSQL gives bytes as an ArrayBuffer, pg takes a Buffer. */
function withBytes(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof ArrayBuffer ? Buffer.from(value) : value,
    ]),
  );
}

async function compareCounts(
  source: LibsqlDatabase.Database,
  target: Kysely<Database>,
): Promise<MovedTable[]> {
  const tables: MovedTable[] = [];
  for (const { name: table } of TABLES) {
    const wanted = rowsIn(source, table);
    const rows = await countOf(target, table);
    if (rows !== wanted)
      throw new AppError("counts-differ", `${table} 的行数不一致：源库 ${wanted}，目标库 ${rows}`);
    tables.push({ table, rows });
  }
  return tables;
}

/** New rows go on after the highest number that was ever given, also to a row that is gone. */
async function setCounter(
  source: LibsqlDatabase.Database,
  target: Kysely<Database>,
  table: string,
  column: string,
): Promise<void> {
  const last = source.prepare("select seq from sqlite_sequence where name = ?").all([table]) as {
    seq: number;
  }[];
  const highest = last[0]?.seq ?? 0;
  if (highest > 0)
    await sql`select setval(pg_get_serial_sequence(${table}, ${column}), ${highest}::bigint)`.execute(target);
}

function rowsIn(source: LibsqlDatabase.Database, table: string): number {
  return (
    (source.prepare(`select count(*) as rows from ${table}`).all([]) as { rows: number }[])[0]?.rows ?? 0
  );
}

async function countOf(target: Kysely<Database>, table: keyof Database): Promise<number> {
  const { rows } = await sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)}`.execute(
    target,
  );
  const waiting =
    table === "jobs"
      ? (await sql<{ rows: number }>`select count(*) as rows from graphile_worker.jobs`.execute(target)).rows
      : [];
  return (rows[0]?.rows ?? 0) + (waiting[0]?.rows ?? 0);
}
