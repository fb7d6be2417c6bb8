import { parentPort, workerData } from "node:worker_threads";
import Database from "libsql";
import type { SpanBatch, SpanBatchWritten } from "./traces-client.ts";

// A thread of its own for the traces' file: SQLite writes in the thread that asks, and answers come first.

const BUSY_TIMEOUT_MS = 5_000;
const database = new Database((workerData as { file: string }).file, { timeout: BUSY_TIMEOUT_MS });
database.exec("pragma journal_mode = wal");
database.exec("pragma synchronous = normal");
const statements = new Map<string, ReturnType<typeof database.prepare>>();

parentPort?.on("message", ({ id, batch }: SpanBatch) => {
  let error: string | null = null;
  try {
    database.exec("begin immediate");
    for (const { sql, args } of batch) {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      statement.run(args);
    }
    database.exec("commit");
  } catch (fault) {
    error = fault instanceof Error ? fault.message : String(fault);
    try {
      if (database.inTransaction) database.exec("rollback");
    } catch {
      // Then nothing is open that would have to be undone.
    }
  }
  parentPort?.postMessage({ id, error } satisfies SpanBatchWritten);
});
