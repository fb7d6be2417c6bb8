import { cp, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import LibsqlDatabase from "libsql";
import { AppError } from "../domain/errors.ts";
import type { ListableFileStore } from "../domain/pictures/ports.ts";
import { createLocalFileStore } from "../integrations/pictures/local-file-store.ts";
import { type Copied, copyFiles } from "./copy-files.ts";

/** Where a shop's own state lies: the app's database, Mastra's, and the files. */
export type ShopPlaces = { database: string; mastra: string; files: ListableFileStore };
export type BackupReport = { databases: string[]; files: Copied };

const BUSY_TIMEOUT_MS = 30_000;
const APP = "app.db";
const MASTRA = "mastra.db";
const FILES = "files";

/**
 * Copies a shop, running or not, into a folder. Databases first: files are named by their content and never deleted,
 * so whatever the copied records name is there when the files are copied after them. Into the same folder again it
 * replaces the databases and adds the files that are new.
 *
 * @throws AppError("nothing-to-back-up") when there is no database, AppError("database-damaged")
 */
export async function backUp(shop: ShopPlaces, to: string): Promise<BackupReport> {
  if (!(await exists(shop.database)))
    throw new AppError("nothing-to-back-up", `no database at ${shop.database}`);
  await mkdir(to, { recursive: true });
  const databases: string[] = [];
  for (const [from, name] of [
    [shop.database, APP],
    [shop.mastra, MASTRA],
  ] as const) {
    if (!(await exists(from))) continue;
    const part = join(to, `${name}.part`);
    await rm(part, { force: true });
    copyDatabase(from, part);
    await rename(part, join(to, name));
    databases.push(name);
  }
  return { databases, files: await copyFiles(shop.files, createLocalFileStore(join(to, FILES))) };
}

/**
 * Puts a backup in place of a shop that is not there. It never writes over records.
 *
 * @throws AppError("no-backup") when the folder holds none, AppError("shop-exists") when there is a database already,
 *   AppError("database-damaged") when the backup is
 */
export async function restore(from: string, shop: ShopPlaces): Promise<BackupReport> {
  if (!(await exists(join(from, APP)))) throw new AppError("no-backup", `no ${APP} in ${from}`);
  for (const place of [shop.database, shop.mastra])
    if (await exists(place))
      throw new AppError("shop-exists", `${place} exists: stop the service and move it away first`);
  for (const name of [APP, MASTRA]) if (await exists(join(from, name))) checkDatabase(join(from, name));
  const files = await copyFiles(createLocalFileStore(join(from, FILES)), shop.files);
  const databases: string[] = [];
  // The app's records last: with them the shop is there.
  for (const [name, to] of [
    [MASTRA, shop.mastra],
    [APP, shop.database],
  ] as const) {
    if (!(await exists(join(from, name)))) continue;
    await mkdir(dirname(to), { recursive: true });
    await cp(join(from, name), `${to}.part`);
    await rename(`${to}.part`, to);
    databases.push(name);
  }
  return { databases, files };
}

/** One consistent moment of a database that may be written meanwhile. */
function copyDatabase(from: string, to: string): void {
  const database = new LibsqlDatabase(from, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare("vacuum into ?").run([to]);
  } finally {
    database.close();
  }
  checkDatabase(to);
}

function checkDatabase(file: string): void {
  const database = new LibsqlDatabase(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    const [row] = database.prepare("pragma quick_check").all([]) as { quick_check: string }[];
    if (row?.quick_check !== "ok")
      throw new AppError("database-damaged", `${file} is damaged: ${row?.quick_check ?? "no answer"}`);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("database-damaged", `${file} cannot be read`, { cause: error });
  } finally {
    database.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
