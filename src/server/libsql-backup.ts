import { cp, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import LibsqlDatabase from "libsql";
import { AppError } from "../domain/errors.ts";
import type { RecordsBackup } from "./backup.ts";

const BUSY_TIMEOUT_MS = 30_000;
const APP = "app.db";
const MASTRA = "mastra.db";

/** Records in files: the app's database and, where it was used, Mastra's. */
export function createLibsqlBackup(place: { database: string; mastra: string }): RecordsBackup {
  return {
    async copyTo(dir) {
      if (!(await exists(place.database)))
        throw new AppError("nothing-to-back-up", `no database at ${place.database}`);
      const databases: string[] = [];
      for (const [from, name] of [
        [place.database, APP],
        [place.mastra, MASTRA],
      ] as const) {
        if (!(await exists(from))) continue;
        const part = join(dir, `${name}.part`);
        await rm(part, { force: true });
        copyDatabase(from, part);
        await rename(part, join(dir, name));
        databases.push(name);
      }
      return databases;
    },

    async checkRestore(dir) {
      if (!(await exists(join(dir, APP)))) throw new AppError("no-backup", `no ${APP} in ${dir}`);
      // What is left in a database's log would be taken into whatever is put beside it.
      const left: string[] = [];
      for (const file of [place.database, place.mastra].flatMap(withItsLog))
        if (await exists(file)) left.push(file);
      if (left.length > 0)
        throw new AppError(
          "shop-exists",
          `stop the service and move these away together first: ${left.join(" ")}`,
        );
      for (const name of [APP, MASTRA]) if (await exists(join(dir, name))) checkDatabase(join(dir, name));
    },

    async restoreFrom(dir) {
      const databases: string[] = [];
      // The app's records last: with them the shop is there.
      for (const [name, to] of [
        [MASTRA, place.mastra],
        [APP, place.database],
      ] as const) {
        if (!(await exists(join(dir, name)))) continue;
        await mkdir(dirname(to), { recursive: true });
        await cp(join(dir, name), `${to}.part`);
        await rename(`${to}.part`, to);
        databases.push(name);
      }
      return databases;
    },
  };
}

/** A database is all of these files. */
function withItsLog(database: string): string[] {
  return [database, `${database}-wal`, `${database}-shm`];
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
