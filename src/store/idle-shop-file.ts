import { Kysely } from "kysely";
import LibsqlDatabase from "libsql";
import { AppError } from "../domain/errors.ts";
import { createGroupCommitDialect } from "./group-commit.ts";
import { migrate } from "./migrations.ts";
import type { Database } from "./schema.ts";

const BUSY_TIMEOUT_MS = 1_000;

/**
 * A shop's file that no service has open, brought up to date and kept from everybody else until it is closed.
 *
 * @throws AppError("shop-runs")
 */
export async function openIdleShopFile(file: string): Promise<LibsqlDatabase.Database> {
  const raw = new LibsqlDatabase(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    // With a write-ahead log this succeeds only while nobody else has the file open, not even an idle service.
    raw.exec("pragma locking_mode=exclusive; begin exclusive; commit");
    await migrate(new Kysely<Database>({ dialect: createGroupCommitDialect(raw) }), "sqlite");
    return raw;
  } catch (error) {
    raw.close();
    throw isBusy(error) ? new AppError("shop-runs", `${file} 正被使用：请先停掉服务`) : error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}
