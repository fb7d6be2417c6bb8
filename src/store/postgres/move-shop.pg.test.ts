import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DONE, type JobHandler, type JobKind } from "../../domain/jobs/jobs.ts";
import { silentLog } from "../../domain/log.ts";
import type { Store } from "../../domain/records.ts";
import { taskRequestSchema } from "../../domain/tasks/task.ts";
import { aDatabase, type TestDatabase } from "../../testing/test-database.ts";
import { anInbound, CONVERSATION_ID as ID } from "../../testing/test-store.ts";
import { openIdleShopFile } from "../idle-shop-file.ts";
import { openLibsqlStore } from "../store.ts";
import { moveShop } from "./move-shop.ts";
import { openPostgresDatabase, openPostgresStore } from "./store.ts";

const NOW = Date.parse("2026-01-05T02:00:00Z");
const MESSAGES = 1_200;
const VECTORS = { model: "bge", dimension: 1 };
const aDocument = {
  document: { id: "vpn.md", title: "VPN", url: null, kind: "document" as const, hash: "1" },
  chunks: [{ heading: "", text: "连接", question: null, words: new Map([["连接", 1]]) }],
};
const parts = { now: Date.now, random: () => 0, log: silentLog };
let dir: string;
let file: string;
let database: TestDatabase;
let opened: Awaited<ReturnType<typeof openIdleShopFile>> | null = null;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "move-shop-"));
  file = join(dir, "app.db");
  database = await aDatabase(dir);
  await fill();
});
afterEach(async () => {
  opened?.close();
  opened = null;
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

/** A little of everything, and enough messages for more than one batch. */
async function fill(): Promise<void> {
  const filled = join(dir, "filled.db");
  const { store, jobs } = await openLibsqlStore({ ...parts, file: filled });
  await store.transaction(async (tx) => {
    await tx.conversations.upsert(anInbound(), NOW);
    for (let n = 0; n < MESSAGES; n += 1)
      await tx.messages.addInbound(anInbound({ text: `第${n}条`, dedupeKey: `d${n}` }), {
        id: `m${n}`,
        conversationId: ID,
        status: "answered",
        fence: 1,
      });
    await tx.tasks.add({ request: aTask(), now: NOW, nextAt: null });
    await tx.tasks.claimFiring({
      id: "f1",
      taskId: "t1",
      slot: "s",
      conversationId: ID,
      customerId: "u1",
      at: NOW,
    });
    await tx.orders.add(anOrder(), NOW);
    await tx.customers.setBlacklisted("u1", "pinduoduo", true);
    await tx.gallery.put(aPicture("g1"));
    await tx.gallery.put(aPicture("g2"));
    await tx.gallery.remove("g2");
    await tx.configVersions.keep({ name: "risk.yaml", version: "abc", content: "old" }, NOW);
    await tx.configVersions.keep({ name: "risk.yaml", version: "def", content: "new" }, NOW);
    await tx.knowledge.putDocument(aDocument.document, aDocument.chunks, NOW);
    const [chunk] = await tx.vectors.missing(VECTORS, { after: 0, most: 1 });
    await tx.vectors.put(VECTORS, [{ chunk: chunk?.seq ?? 0, bytes: new Uint8Array([1, 2, 255, 0]) }]);
    await tx.jobs.enqueue({ kind: "turn", key: "turn:x", payload: { now: true } });
    await tx.jobs.enqueue({ kind: "order-close", payload: { late: true }, runAt: Date.now() + 3_600_000 });
    await tx.jobs.enqueue({ kind: "transfer", payload: { dies: true }, maxAttempts: 1 });
  });
  jobs.start({ transfer: failing });
  await jobs.idle();
  await jobs.stop(1_000);
  await store.close();
  // The driver lets go of a file only when its statements are collected: a copy is nobody's.
  for (const end of ["", "-wal"])
    if (existsSync(`${filled}${end}`)) copyFileSync(`${filled}${end}`, `${file}${end}`);
}

const failing: JobHandler = {
  run: async () => {
    throw new Error("nobody there");
  },
};

async function move(onProgress: (table: string, copied: number) => void = () => {}, name = file) {
  const source = opened ?? (await openIdleShopFile(file));
  opened = source;
  const { db, pool } = await openPostgresDatabase(database.url, silentLog);
  try {
    return await moveShop({ source, name, target: db, onProgress });
  } finally {
    await pool.end();
  }
}

const openMoved = () => openPostgresStore({ ...parts, url: database.url });

async function whatIsIn(store: Store) {
  return {
    conversation: await store.conversations.find(ID),
    messages: await store.messages.recent(ID, MESSAGES + 10),
    task: await store.tasks.findWithHistory("t1"),
    firing: await store.tasks.findFiring("f1"),
    order: await store.orders.find("o1"),
    history: await store.orders.history("o1"),
    customer: await store.customers.find("u1", "pinduoduo"),
    gallery: await store.gallery.all(),
    changes: await store.gallery.changesSince(0),
    vectors: await store.vectors.all(VECTORS, { after: 0, most: 10 }),
    vectorChanges: await store.vectors.changesSince(0),
    configChanges: await store.configVersions.changes({ limit: 10 }),
    configTexts: await store.configVersions.find("risk.yaml", ""),
  };
}

it("moves every record as it was, and counts them", async () => {
  const { tables } = await move();
  const before = await openLibsqlStore({ ...parts, file: join(dir, "filled.db") });
  const after = await openMoved();

  expect(await whatIsIn(after.store)).toEqual(await whatIsIn(before.store));
  expect(tables).toContainEqual({ table: "messages", rows: MESSAGES });
  expect(tables).toContainEqual({ table: "knowledge_vectors", rows: 1 });
  expect(tables).toContainEqual({ table: "jobs", rows: 3 });
  await before.store.close();
  await after.store.close();
});

it("moves waiting jobs to where they are run, and dead ones to where they are listed", async () => {
  await move();
  const { store, jobs } = await openMoved();
  const ran: unknown[] = [];
  const handler: JobHandler = {
    run: async (job) => {
      ran.push(job.payload);
      return DONE;
    },
  };
  jobs.start(Object.fromEntries((["turn", "order-close"] satisfies JobKind[]).map((it) => [it, handler])));
  await jobs.idle();

  expect(ran).toEqual([{ now: true }]);
  expect(await jobs.depth()).toEqual({ "order-close": 1 });
  expect(await jobs.dead()).toMatchObject([{ kind: "transfer", error: "nobody there" }]);
  await jobs.stop(1_000);
  await store.close();
});

it("numbers what comes after it higher than anything before", async () => {
  await move();
  const { store } = await openMoved();
  const last = await store.gallery.lastChange();
  await store.gallery.put(aPicture("g3"));
  await store.messages.addOutbound({
    id: "new",
    conversationId: ID,
    author: "bot",
    parts: [],
    fence: 1,
    at: NOW,
  });

  expect(last).toBe(3);
  expect(await store.gallery.lastChange()).toBe(4);
  expect((await store.messages.recent(ID, 1))[0]?.id).toBe("new");
  await store.close();
});

it("goes on where it was cut off, and moves nothing twice", async () => {
  const cut = move((table, copied) => {
    if (table === "messages" && copied >= 500) throw new Error("the cable");
  });
  await expect(cut).rejects.toThrow("the cable");
  const seen: string[] = [];
  const { wasDone } = await move((table) => seen.push(table));

  expect(wasDone).toBe(false);
  expect(seen.filter((table) => table === "messages").length).toBeLessThan(3);
  expect(await move()).toMatchObject({ wasDone: true });
  const { store } = await openMoved();
  expect(await store.messages.recent(ID, MESSAGES + 10)).toHaveLength(MESSAGES);
  await store.close();
});

it("refuses a target that lives already, or that another shop moved to", async () => {
  const { store } = await openMoved();
  await store.customers.setBlacklisted("somebody", "taobao", true);
  await store.close();

  await expect(move()).rejects.toMatchObject({ code: "target-not-empty" });
});

it("refuses a second shop in one database", async () => {
  await move();

  await expect(move(() => {}, "/another/app.db")).rejects.toMatchObject({ code: "another-source" });
});

it("refuses a shop whose service runs", async () => {
  const { store } = await openLibsqlStore({ ...parts, file });
  await store.conversations.find(ID);

  await expect(openIdleShopFile(file)).rejects.toMatchObject({ code: "shop-runs" });
  await store.close();
});

function aTask() {
  return taskRequestSchema.parse({
    task_id: "t1",
    type: "test",
    customer: { id: "u1" },
    trigger: { type: "customer_reply", keyword: "测试" },
    action: { type: "send_message", message: "测试消息" },
    created_by: "测试",
  });
}

function anOrder() {
  return {
    id: "o1",
    conversation_id: ID,
    customer_id: "u1",
    kind: "process" as const,
    demand: { services: [], operations: [], local: false, urgent: false, words: "放大" },
    pictures: ["p1"],
    candidates: [],
    parent_id: null,
  };
}

function aPicture(id: string) {
  const fingerprint = new Uint8Array([1, 2, 255]);
  return { id, title: id, tags: ["猫"], description: "", file: "f", fingerprint, created_at: NOW };
}
