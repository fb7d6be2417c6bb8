import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ListableFileStore } from "../domain/pictures/ports.ts";
import { createLocalFileStore } from "../integrations/pictures/local-file-store.ts";
import { type Copied, copyFiles } from "./copy-files.ts";

/** A shop's records, wherever they lie: `libsql-backup.ts`, `postgres-backup.ts`. */
export type RecordsBackup = {
  /** One consistent moment of them, in files of that folder; their names. Throws AppError("nothing-to-back-up"). */
  copyTo(dir: string): Promise<string[]>;
  /**
   * That the folder holds sound records and their place holds none.
   *
   * @throws AppError("no-backup"), AppError("shop-exists"), AppError("database-damaged")
   */
  checkRestore(dir: string): Promise<void>;
  restoreFrom(dir: string): Promise<string[]>;
};
export type ShopPlaces = { records: RecordsBackup; files: ListableFileStore };
export type BackupReport = { databases: string[]; files: Copied };

const FILES = "files";

/**
 * Copies a shop, running or not, into a folder. Records first: files are named by their content and never deleted, so
 * whatever the copied records name is there when the files are copied after them. Into the same folder again it
 * replaces the records and adds the files that are new.
 */
export async function backUp({ records, files }: ShopPlaces, to: string): Promise<BackupReport> {
  await mkdir(to, { recursive: true });
  const databases = await records.copyTo(to);
  return { databases, files: await copyFiles(files, createLocalFileStore(join(to, FILES))) };
}

/** Puts a backup in place of a shop that is not there. It never writes over records. */
export async function restore(from: string, { records, files }: ShopPlaces): Promise<BackupReport> {
  await records.checkRestore(from);
  const copied = await copyFiles(createLocalFileStore(join(from, FILES)), files);
  return { databases: await records.restoreFrom(from), files: copied };
}
