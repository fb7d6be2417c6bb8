import { spawn } from "node:child_process";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { AppError, errorText } from "../domain/errors.ts";
import type { RecordsBackup } from "./backup.ts";
import { environmentWith } from "./process-env.ts";

const DUMP = "app.dump";
const MOST_SAID = 500;

/**
 * Records in PostgreSQL, by its own pg_dump and pg_restore, which must be of the server's version or newer. One dump
 * is one moment of all: ours, the jobs and Mastra's.
 */
export function createPostgresBackup(url: string): RecordsBackup {
  /** Their settings by environment: an argument, with its password, is seen by everybody on the machine. */
  async function run(command: string, args: string[]): Promise<void> {
    const child = spawn(command, args, {
      env: environmentWith(connectionOf(url)),
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-MOST_SAID);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (error) =>
        reject(
          new AppError("no-postgres-tools", `${command} cannot be run: install PostgreSQL's client tools`, {
            cause: error,
          }),
        ),
      );
      child.once("close", resolve);
    });
    if (code !== 0) throw new AppError("postgres-tool-failed", `${command}: ${said.trim()}`);
  }

  return {
    async copyTo(dir) {
      if (!(await hasRecords(url))) throw new AppError("nothing-to-back-up", "the database holds no shop");
      const part = join(dir, `${DUMP}.part`);
      await rm(part, { force: true });
      await run("pg_dump", ["--format=custom", "--no-owner", `--file=${part}`]);
      await rename(part, join(dir, DUMP));
      return [DUMP];
    },

    async checkRestore(dir) {
      const file = join(dir, DUMP);
      if (!(await stat(file).catch(() => null))) throw new AppError("no-backup", `no ${DUMP} in ${dir}`);
      if (await hasRecords(url))
        throw new AppError("shop-exists", "the database holds a shop: restore into an empty one");
      await run("pg_restore", ["--list", file]).catch((error: unknown) => {
        if (error instanceof AppError && error.code === "no-postgres-tools") throw error;
        throw new AppError("database-damaged", `${file} cannot be read`, { cause: error });
      });
    },

    async restoreFrom(dir) {
      // All of it or nothing: a database that was restored in part is no shop.
      await run("pg_restore", [
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        `--dbname=${databaseOf(url)}`,
        join(dir, DUMP),
      ]);
      return [DUMP];
    },
  };
}

async function hasRecords(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = await client.query("select to_regclass('public.conversations') is not null as there");
    return (rows[0] as { there: boolean }).there;
  } catch (error) {
    throw new AppError("store-unavailable", `the database cannot be reached: ${errorText(error)}`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

/** What libpq reads from the environment. */
function connectionOf(url: string): Record<string, string> {
  const { hostname, port, username, password, searchParams } = new URL(url);
  const sslmode = searchParams.get("sslmode");
  return {
    PGHOST: hostname.replace(/^\[|\]$/gu, ""),
    PGDATABASE: databaseOf(url),
    ...(port === "" ? {} : { PGPORT: port }),
    ...(username === "" ? {} : { PGUSER: decodeURIComponent(username) }),
    ...(password === "" ? {} : { PGPASSWORD: decodeURIComponent(password) }),
    ...(sslmode === null ? {} : { PGSSLMODE: sslmode }),
  };
}
