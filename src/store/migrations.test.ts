import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Kysely } from "kysely";
import LibsqlDatabase from "libsql";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLog } from "../domain/log.ts";
import { createGroupCommitDialect } from "./group-commit.ts";
import { migrate } from "./migrations.ts";
import type { Database } from "./schema.ts";
import { openLibsqlStore } from "./store.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "migrations-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () =>
  openLibsqlStore({ file: join(dir, "app.db"), now: Date.now, random: () => 0, log: silentLog });

it("opens a file again that is up to date", async () => {
  await (await open()).store.close();
  const { store } = await open();

  await store.ping();
  await store.close();
});

it("leaves nothing of a migration that fails half-way, so that the next start can do it", async () => {
  const raw = new LibsqlDatabase(join(dir, "app.db"));
  raw.exec("create table turns (wrong text)");
  const db = new Kysely<Database>({ dialect: createGroupCommitDialect(raw) });

  await expect(migrate(db, "sqlite")).rejects.toThrow(/turns/u);
  raw.exec("drop table turns");
  await db.destroy();

  const { store } = await open();
  await store.ping();
  await store.close();
});

it("is done once when processes start together on a new folder", { timeout: 60_000 }, async () => {
  const program = join(dir, "open.ts");
  const store = pathToFileURL(join(import.meta.dirname, "store.ts")).href;
  writeFileSync(
    program,
    `import { openLibsqlStore } from ${JSON.stringify(store)};
     const log = { debug() {}, info() {}, warn() {}, error() {} };
     const { store } = await openLibsqlStore({ file: process.argv[2], now: Date.now, random: () => 0, log });
     await store.ping();
     process.exit(0);`,
  );
  for (let round = 0; round < 4; round += 1) {
    const file = join(dir, `together-${round}.db`);
    const codes = await Promise.all(
      [1, 2, 3].map(
        async () => (await once(fork(program, [file], { stdio: "ignore" }), "exit"))[0] as number,
      ),
    );
    expect(codes).toEqual([0, 0, 0]);
  }
});
