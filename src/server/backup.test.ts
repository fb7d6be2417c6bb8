import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { silentLog } from "../domain/log.ts";
import { createLocalFileStore } from "../integrations/pictures/local-file-store.ts";
import { openLibsqlStore } from "../store/store.ts";
import { aShop, type Shop } from "../testing/shop.ts";
import { backUp, restore, type ShopPlaces } from "./backup.ts";
import { createLibsqlBackup } from "./libsql-backup.ts";

let dir: string;
let shop: Shop;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-backup-"));
  shop = await aShop();
});
afterAll(async () => {
  await shop.close();
  rmSync(dir, { recursive: true, force: true });
});

const databaseIn = (folder: string) => join(folder, "app.db");

function placesIn(folder: string): ShopPlaces {
  return {
    records: createLibsqlBackup({ database: databaseIn(folder), mastra: join(folder, "mastra.db") }),
    files: createLocalFileStore(join(folder, "files")),
  };
}

describe("a backup", () => {
  it("of a running shop brings back its orders, messages, jobs and pictures, as of one moment", async () => {
    const photo = await aPhoto(1);
    await shop.say("before", "这张图放大2倍", [photo]);
    let isDone = false;
    const writing = sayUntil(() => isDone);
    const first = await backUp(placesIn(shop.dir), join(dir, "copy"));
    isDone = true;
    await writing;
    await shop.say("after", "你好");
    expect(first.databases).toEqual(["app.db", "mastra.db"]);
    expect(first.files).toMatchObject({ copied: first.files.found, corrupt: [] });

    const restored = placesIn(join(dir, "restored"));
    await restore(join(dir, "copy"), restored);
    const { store, jobs } = await open(databaseIn(join(dir, "restored")));
    const order = (await store.orders.list({ limit: 200 })).find((it) => it.customer_id === "before");
    expect(order).toEqual((await shop.orders("before"))[0]);
    expect(
      order === undefined ? null : await store.certificates.findQuote(order.quote_id ?? ""),
    ).not.toBeNull();
    expect(await restored.files.get(order?.pictures[0] ?? "")).toEqual(photo);
    expect(await store.messages.recent("qingjian|pinduoduo|s1|before", 10)).toHaveLength(2);
    expect(await store.messages.recent("qingjian|pinduoduo|s1|after", 10)).toHaveLength(0);
    expect(await jobs.depth()).toHaveProperty("deliver");
    await store.close();
  });

  it("into the same folder again adds what is new", async () => {
    await shop.say("again", "这张图放大2倍", [await aPhoto(2)]);
    const second = await backUp(placesIn(shop.dir), join(dir, "copy"));
    expect(second.files.present).toBeGreaterThan(0);
    expect(second.files.copied).toBeGreaterThan(0);
    const restored = placesIn(join(dir, "restored-2"));
    await restore(join(dir, "copy"), restored);
    const { store } = await open(databaseIn(join(dir, "restored-2")));
    expect(await store.messages.recent("qingjian|pinduoduo|s1|again", 10)).toHaveLength(2);
    await store.close();
  });

  it("is never written over records, and a damaged one is not taken", async () => {
    const live = placesIn(shop.dir);
    await expect(restore(join(dir, "copy"), live)).rejects.toMatchObject({ code: "shop-exists" });
    await expect(restore(join(dir, "nothing"), placesIn(join(dir, "x")))).rejects.toMatchObject({
      code: "no-backup",
    });
    await backUp(live, join(dir, "damaged"));
    writeFileSync(join(dir, "damaged", "app.db"), "SQLite format 3\0 and then nothing of the kind");
    appendFileSync(join(dir, "damaged", "app.db"), "x".repeat(10_000));
    await expect(restore(join(dir, "damaged"), placesIn(join(dir, "y")))).rejects.toMatchObject({
      code: "database-damaged",
    });
    await expect(backUp(placesIn(join(dir, "z")), join(dir, "c"))).rejects.toMatchObject({
      code: "nothing-to-back-up",
    });
  });
});

it("is not put beside what another database has left", async () => {
  const folder = join(dir, "left-over");
  mkdirSync(folder);
  writeFileSync(join(folder, "app.db-wal"), "the days after the backup");

  await expect(restore(join(dir, "copy"), placesIn(folder))).rejects.toThrow("app.db-wal");
});

it("of a stopped shop is in the file alone", async () => {
  const folder = join(dir, "stopped");
  const { store } = await open(databaseIn(folder));
  await store.customers.setBlacklisted("u1", "pinduoduo", true);
  await store.close();
  rmSync(`${databaseIn(folder)}-wal`, { force: true });

  const again = await open(databaseIn(folder));
  expect(await again.store.customers.blacklisted()).toHaveLength(1);
  await again.store.close();
});

async function sayUntil(isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver() && n < 50; n += 1) await shop.say("meanwhile", `你好 ${n}`);
}

async function open(file: string) {
  return await openLibsqlStore({ file, now: Date.now, random: Math.random, log: silentLog });
}
