import { sql } from "kysely";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AppError } from "../../domain/errors.ts";
import { DONE } from "../../domain/jobs/jobs.ts";
import { silentLog } from "../../domain/log.ts";
import { aDatabase, onServer, type TestDatabase } from "../../testing/test-database.ts";
import { anInbound, CONVERSATION_ID as ID } from "../../testing/test-store.ts";
import { createConversationStore } from "../conversation-store.ts";
import { openPostgresDatabase, openPostgresStore } from "./store.ts";

// Two stores on one database are two processes: nothing of ours is shared between them.
type Opened = Awaited<ReturnType<typeof openPostgresStore>>;
let database: TestDatabase;
let one: Opened;
let other: Opened;
const NOW = Date.parse("2026-01-05T02:00:00Z");

const open = () =>
  openPostgresStore({ url: database.url, now: Date.now, random: Math.random, log: silentLog });

beforeEach(async () => {
  database = await aDatabase("");
  [one, other] = await Promise.all([open(), open()]);
});
afterEach(async () => {
  await Promise.all([one, other].map(({ jobs }) => jobs.stop(2_000)));
  await Promise.all([one, other].map(({ store }) => store.close()));
  await database.drop();
});

const anOrder = (id: string) => ({
  id,
  conversation_id: ID,
  customer_id: "u1",
  kind: "process" as const,
  demand: { services: [], operations: [], local: false, urgent: false, words: "放大" },
  pictures: [],
  candidates: [],
  parent_id: null,
});

it("loses no change of an order that two processes change at once", async () => {
  await one.store.orders.add(anOrder("o1"), NOW);

  await Promise.all(
    Array.from({ length: 30 }, (_none, n) =>
      (n % 2 === 0 ? one : other).store.transaction(async (tx) => {
        const order = await tx.orders.find("o1");
        await tx.orders.change("o1", { picked: [...(order?.picked ?? []), n] });
      }),
    ),
  );

  expect((await one.store.orders.find("o1"))?.picked).toHaveLength(30);
});

it("lets two transactions that wait for each other both have their way", async () => {
  await one.store.orders.add(anOrder("a"), NOW);
  await one.store.orders.add(anOrder("b"), NOW);
  const bothHold = Promise.withResolvers<void>();
  let holding = 0;
  const pay = (store: Opened["store"], first: string, second: string) =>
    store.transaction(async (tx) => {
      await tx.orders.find(first);
      holding += 1;
      if (holding === 2) bothHold.resolve();
      await bothHold.promise;
      await tx.orders.find(second);
      await tx.orders.change(second, { paid_by: first });
    });

  await Promise.all([pay(one.store, "a", "b"), pay(other.store, "b", "a")]);

  expect((await one.store.orders.find("a"))?.paid_by).toBe("b");
  expect((await one.store.orders.find("b"))?.paid_by).toBe("a");
});

it("goes on when a process stands still in the middle of a transaction", { timeout: 30_000 }, async () => {
  await one.store.orders.add(anOrder("o1"), NOW);
  const holds = Promise.withResolvers<void>();
  const wakesUp = Promise.withResolvers<void>();
  const standing = one.store.transaction(async (tx) => {
    await tx.orders.find("o1");
    holds.resolve();
    await wakesUp.promise;
    await tx.orders.change("o1", { paid_by: "who stood still" });
  });
  standing.catch(() => {});
  await holds.promise;

  await other.store.transaction(async (tx) => {
    await tx.orders.find("o1");
    await tx.orders.change("o1", { paid_by: "other" });
  });
  wakesUp.resolve();

  await expect(standing).rejects.toMatchObject({ code: "store-unavailable" });
  expect((await one.store.orders.find("o1"))?.paid_by).toBe("other");
});

it("claims no send that a takeover of this very moment forbids", async () => {
  await one.store.conversations.upsert(anInbound(), NOW);
  await one.store.messages.addOutbound({
    id: "m1",
    conversationId: ID,
    author: "bot",
    parts: [],
    fence: 1,
    at: NOW,
  });
  let claim: Promise<boolean> | undefined;

  await one.store.transaction(async (tx) => {
    await tx.conversations.takeOver(ID, "阿明");
    claim = other.store.messages.claimSend({ id: "m1", attempts: 0 }, NOW + 300);
    // The claim has to wait for us: this answers long before it.
    await tx.messages.recent(ID, 1);
  });

  expect(await claim).toBe(false);
});

it("opens one handoff when two processes open it at once", async () => {
  const handoff = {
    conversation_id: ID,
    customer_id: "u1",
    reason: "complaint" as const,
    status: "queued" as const,
    group_name: null,
    image_task_id: null,
    card: { summary: "x", demands: [], pictures: [], last_messages: [] },
    created_at: NOW,
  };

  const opened = await Promise.all(
    Array.from({ length: 10 }, (_none, n) =>
      (n % 2 === 0 ? one : other).store.transaction((tx) => tx.handoffs.open({ ...handoff, id: `h${n}` })),
    ),
  );

  expect(opened.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(new Set(opened.map((it) => it.handoff.id)).size).toBe(1);
});

it("shows a reader every change of the gallery, whatever the order of the commits", async () => {
  const item = { title: "", tags: [], description: "", file: "f", created_at: NOW };
  const seen = new Set<string>();
  let seq = 0;
  let isWriting = true;
  const reading = (async () => {
    for (;;) {
      const isLast = !isWriting;
      const changes = await one.store.gallery.changesSince(seq);
      seq = changes.seq;
      for (const put of changes.put) seen.add(put.id);
      if (isLast && changes.put.length === 0) return;
    }
  })();

  await Promise.all(
    Array.from({ length: 60 }, (_none, n) =>
      (n % 2 === 0 ? one : other).store.transaction(async (tx) => {
        await tx.gallery.put({ ...item, id: `g${n}`, fingerprint: new Uint8Array([n]) });
        for (let times = n % 4; times > 0; times -= 1) await tx.gallery.has(`g${n}`);
      }),
    ),
  );
  isWriting = false;
  await reading;

  expect(seen.size).toBe(60);
});

it("takes a text that PostgreSQL cannot hold", async () => {
  await one.store.conversations.upsert(anInbound({ customer: { id: "u1", name: "小\0李" } }), NOW);

  expect((await one.store.conversations.find(ID))?.customer_name).toBe("小李");
});

it("prepares a hot query once per connection", async () => {
  const { db, pool } = await openPostgresDatabase(database.url, silentLog);
  const conversations = createConversationStore(db);
  for (let time = 0; time < 3; time += 1) await conversations.find(ID);

  const { rows } = await sql<{ name: string }>`
    select name from pg_prepared_statements where statement like '%"conversations"%'`.execute(db);
  await pool.end();

  expect(rows).toMatchObject([{ name: expect.stringMatching(/^hot_\d+$/u) }]);
});

it("says that the database is away, and goes on by itself when it is back", { timeout: 60_000 }, async () => {
  const ran: unknown[] = [];
  one.jobs.start({
    turn: {
      run: async (job) => {
        ran.push(job.payload);
        return DONE;
      },
    },
  });
  await one.store.jobs.enqueue({ kind: "turn", payload: "before" });
  await expect.poll(() => ran, { timeout: 10_000 }).toEqual(["before"]);
  const name = new URL(database.url).pathname.slice(1);
  const server = database.url.replace(`/${name}`, "/postgres");

  await onServer(server, `alter database ${name} with allow_connections false`);
  await onServer(server, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  const away = await one.store.ping().then(
    () => null,
    (error: unknown) => error,
  );
  await onServer(server, `alter database ${name} with allow_connections true`);
  await expect.poll(() => one.store.ping().then(() => "back", String), { timeout: 10_000 }).toBe("back");
  await other.store.jobs.enqueue({ kind: "turn", payload: "after" });

  expect(away).toBeInstanceOf(AppError);
  expect(away).toMatchObject({ code: "store-unavailable" });
  await expect.poll(() => ran, { timeout: 30_000 }).toEqual(["before", "after"]);
});
