import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { silentLog } from "../domain/log.ts";
import { readEnv } from "../env.ts";
import { openMastraStorage } from "../server/open-mastra.ts";
import { openPostgresDatabase } from "../store/postgres/store.ts";
import { onServer, urlOf } from "./test-database.ts";

const LOCAL = "postgres://postgres@127.0.0.1:5432/postgres";

/**
 * Before the tests: one database with every table in it, to be copied by each test file. Afterwards all of them go.
 *
 * @returns what vitest calls at the end
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = project.config.env.TEST_DATABASE_URL || LOCAL;
  const prefix = `tianwang_test_${randomBytes(4).toString("hex")}_`;
  const template = `${prefix}template`;
  await onServer(server, `create database ${template}`);
  const url = urlOf(server, template);
  const { pool } = await openPostgresDatabase(url, silentLog);
  await pool.end();
  const mastra = openMastraStorage(readEnv({ DATABASE_URL: url }), { root: process.cwd(), log: silentLog });
  await mastra.storage.init();
  await mastra.close();
  project.provide("postgres", { server, template, prefix });
  return async () => {
    const databases = await onServer(
      server,
      `select datname from pg_database where starts_with(datname, '${prefix}')`,
    );
    for (const { datname } of databases)
      await onServer(server, `drop database if exists ${String(datname)} with (force)`);
  };
}
