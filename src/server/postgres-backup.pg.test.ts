import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { silentLog } from "../domain/log.ts";
import { createLocalFileStore } from "../integrations/pictures/local-file-store.ts";
import { openPostgresStore } from "../store/postgres/store.ts";
import { aShop, type Shop } from "../testing/shop.ts";
import { onServer, urlOf } from "../testing/test-database.ts";
import { backUp, restore, type ShopPlaces } from "./backup.ts";
import { createPostgresBackup } from "./postgres-backup.ts";

const { server } = inject("postgres") ?? expect.fail("this needs a PostgreSQL");
const empty = `tianwang_restored_${randomBytes(6).toString("hex")}`;
let dir: string;
let shop: Shop;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-backup-"));
  await onServer(server, `create database ${empty}`);
  shop = await aShop();
});
afterAll(async () => {
  await shop.close();
  await onServer(server, `drop database ${empty} with (force)`);
  rmSync(dir, { recursive: true, force: true });
});

function placesOf(url: string, folder: string): ShopPlaces {
  return { records: createPostgresBackup(url), files: createLocalFileStore(join(folder, "files")) };
}

describe("a backup of a shop on PostgreSQL", () => {
  it("brings back its orders, jobs and pictures in an empty database, and nowhere else", async () => {
    const photo = await aPhoto(1);
    await shop.say("before", "这张图放大2倍", [photo]);
    const live = placesOf(shop.service.env.DATABASE_URL, shop.dir);
    const copy = join(dir, "copy");
    const report = await backUp(live, copy);
    await shop.say("after", "你好");
    expect(report).toMatchObject({ databases: ["app.dump"], files: { copied: 1, corrupt: [] } });
    await expect(restore(copy, live)).rejects.toMatchObject({ code: "shop-exists" });

    const target = placesOf(urlOf(server, empty), join(dir, "restored"));
    await restore(copy, target);
    const { store, jobs } = await openPostgresStore({
      url: urlOf(server, empty),
      now: Date.now,
      random: Math.random,
      log: silentLog,
    });
    const [order] = await store.orders.list({ limit: 10 });
    expect(order).toEqual((await shop.orders("before"))[0]);
    expect(await target.files.get(order?.pictures[0] ?? "")).toEqual(photo);
    expect(await store.messages.recent("qingjian|pinduoduo|s1|before", 10)).toHaveLength(2);
    expect(await store.messages.recent("qingjian|pinduoduo|s1|after", 10)).toHaveLength(0);
    expect(await jobs.depth()).toHaveProperty("deliver");
    await store.close();
  });

  it("is not taken when it is damaged or not there, and says what is missing", async () => {
    const nobody = placesOf(urlOf(server, "postgres"), join(dir, "x"));
    await expect(backUp(nobody, join(dir, "none"))).rejects.toMatchObject({ code: "nothing-to-back-up" });
    await expect(restore(join(dir, "none"), nobody)).rejects.toMatchObject({ code: "no-backup" });
    await backUp(placesOf(shop.service.env.DATABASE_URL, shop.dir), join(dir, "damaged"));
    truncateSync(join(dir, "damaged", "app.dump"), 200);
    await expect(restore(join(dir, "damaged"), nobody)).rejects.toMatchObject({ code: "database-damaged" });
  });
});
