import { describe, expect, it } from "vitest";
import { anInbound, CONVERSATION_ID as ID } from "../testing/test-store.ts";
import { CHUNKS_OF_BLOCK, eachEntry } from "./knowledge/posting-block.ts";
import type { Store } from "./records.ts";
import { taskRequestSchema } from "./tasks/task.ts";

const NOW = Date.parse("2026-01-05T02:00:00Z");

/** What every store keeps, whatever database is under it. */
export function describeRecords(name: string, open: () => Promise<Store>): void {
  describe(`records on ${name}`, () => {
    async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
      const store = await open();
      try {
        await work(store);
      } finally {
        await store.close();
      }
    }

    describe("conversations and messages", () => {
      it("stores a message once per dedupe key", () =>
        withStore(async (store) => {
          const message = anInbound();
          await store.conversations.upsert(message, NOW);

          const first = await store.messages.addInbound(message, inboundRow("m1"));
          const second = await store.messages.addInbound(message, inboundRow("m2"));

          expect([first, second]).toEqual([true, false]);
          expect(await store.messages.pending(ID)).toHaveLength(1);
        }));

      it("keeps conversations and messages apart whose ids hold the separator", () =>
        withStore(async (store) => {
          const one = await store.conversations.upsert(
            anInbound({ shop: { id: "s1", name: null }, externalConversationId: "x|A" }),
            NOW,
          );
          const other = await store.conversations.upsert(
            anInbound({ shop: { id: "s1|x", name: null }, externalConversationId: "A" }),
            NOW,
          );

          expect(one.id).not.toBe(other.id);
        }));

      it("takes a recalled message back in the shop that says so, and in no other", () =>
        withStore(async (store) => {
          const message = anInbound({ platformMessageId: "1" });
          await store.conversations.upsert(message, NOW);
          await store.messages.addInbound(message, inboundRow("m1"));
          const recall = { channel: message.channel, externalConversationId: "c1", platformMessageId: "1" };

          expect(await store.messages.recall({ ...recall, shopId: "another" })).toBe(false);
          expect(await store.messages.recall({ ...recall, platform: "taobao" })).toBe(false);
          expect(await store.messages.recall({ ...recall, shopId: "s1", platform: "pinduoduo" })).toBe(true);
          expect((await store.messages.find("m1"))?.status).toBe("recalled");
        }));

      it("keeps names and context that a later frame does not repeat", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound({ context: { goods: { title: "找图" } } }), NOW);
          const again = await store.conversations.upsert(
            anInbound({ customer: { id: "u1", name: null }, context: null }),
            NOW,
          );

          expect(again).toMatchObject({
            customer_name: "小李",
            context: { goods: { title: "找图" } },
            fence: 1,
          });
        }));

      it("raises the fence at takeover and release, and only once for a hold that is renewed", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound(), NOW);

          expect(await store.conversations.takeOver(ID, "阿明")).toBe(2);
          expect(await store.conversations.takeOver(ID, "阿明")).toBe(2);
          expect(await store.conversations.holdsFence(ID, 2)).toBe(false);
          expect(await store.conversations.release(ID)).toBe(true);
          expect(await store.conversations.release(ID)).toBe(false);
          expect(await store.conversations.holdsFence(ID, 3)).toBe(true);
          expect(await store.conversations.beginTurn(ID, 1)).toBe(false);
        }));

      it("claims a bot's send only under the fence it was written under, a person's always", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound(), NOW);
          const row = { conversationId: ID, parts: [], at: NOW };
          await store.messages.addOutbound({ ...row, id: "bot1", author: "bot", fence: 1 });
          await store.messages.addOutbound({ ...row, id: "bot2", author: "bot", fence: 1 });

          expect(await store.messages.claimSend({ id: "bot1", attempts: 0 }, NOW + 300)).toBe(true);
          expect(await store.messages.isSending(ID, NOW)).toBe(NOW + 300);
          await store.conversations.takeOver(ID, "阿明");
          await store.messages.addOutbound({ ...row, id: "person1", author: "person", fence: 2 });
          expect(await store.messages.claimSend({ id: "bot2", attempts: 0 }, NOW + 300)).toBe(false);
          expect(await store.messages.claimSend({ id: "person1", attempts: 0 }, NOW + 300)).toBe(true);
          expect((await store.messages.unsent(ID)).map((message) => message.id)).toEqual([
            "bot1",
            "bot2",
            "person1",
          ]);
        }));

      it("lets nobody claim or settle a send that another has claimed or settled since it was read", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound(), NOW);
          const row = { conversationId: ID, parts: [], at: NOW };
          await store.messages.addOutbound({ ...row, id: "bot1", author: "bot", fence: 1 });

          expect(await store.messages.claimSend({ id: "bot1", attempts: 0 }, NOW + 300)).toBe(true);
          expect(await store.messages.claimSend({ id: "bot1", attempts: 0 }, NOW + 300)).toBe(false);
          expect(await store.messages.settleOutbound("bot1", { status: "sent", at: NOW })).toBe(true);
          expect(await store.messages.settleOutbound("bot1", { status: "uncertain", at: NOW })).toBe(false);
          expect((await store.messages.find("bot1"))?.status).toBe("sent");
        }));

      it("counts the messages that it settles, each once", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound(), NOW);
          for (const id of ["a", "b"])
            await store.messages.addInbound(anInbound(), {
              id,
              conversationId: ID,
              status: "pending",
              fence: 1,
            });

          expect(await store.messages.settleInbound(["a"], "answered", "t1")).toBe(1);
          expect(await store.messages.settleInbound(["a", "b"], "answered", "t2")).toBe(1);
          expect((await store.messages.find("a"))?.turn_id).toBe("t1");
        }));

      it("rolls back everything of a transaction that throws", () =>
        withStore(async (store) => {
          await expect(
            store.transaction(async (tx) => {
              await tx.conversations.upsert(anInbound(), NOW);
              throw new Error("no");
            }),
          ).rejects.toThrow("no");

          expect(await store.conversations.find(ID)).toBeNull();
        }));

      it("finds a customer's newest conversation, on a named platform or on any", () =>
        withStore(async (store) => {
          const taobao = anInbound({ platform: "taobao", externalConversationId: "c2" });
          const first = await store.conversations.upsert(anInbound(), NOW);
          const second = await store.conversations.upsert(taobao, NOW);
          await store.conversations.noteInbound(first.id, NOW);
          await store.conversations.noteInbound(second.id, NOW + 1);

          expect((await store.conversations.findByCustomer({ id: "u1" }))?.id).toBe(second.id);
          expect((await store.conversations.findByCustomer({ id: "u1", platform: "pinduoduo" }))?.id).toBe(
            first.id,
          );
          expect(await store.conversations.findByCustomer({ id: "nobody" })).toBeNull();
        }));

      it("lets deferred results go out under the new fence", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound(), NOW);
          await store.messages.addOutbound({
            id: "late",
            conversationId: ID,
            author: "system",
            parts: [],
            fence: 1,
            at: NOW,
            status: "deferred",
          });

          expect(await store.messages.unsent(ID)).toEqual([]);
          expect(await store.messages.releaseDeferred(ID, 1)).toBe(1);
          expect(await store.messages.claimSend({ id: "late", attempts: 0 }, NOW + 1)).toBe(true);
        }));
    });

    describe("tasks", () => {
      it("adds a task once and keeps its history", () =>
        withStore(async (store) => {
          const added = await store.tasks.add({ request: aTask("t1"), now: NOW, nextAt: null });
          const again = await store.tasks.add({ request: aTask("t1"), now: NOW, nextAt: null });

          expect(added?.status).toBe("pending");
          expect(again).toBeNull();
          expect((await store.tasks.findWithHistory("t1"))?.history).toMatchObject([
            { status: "pending", cause: "received" },
          ]);
          expect(await store.tasks.findWithHistory("t9")).toBeNull();
        }));

      it("moves a task only from the status it is in", () =>
        withStore(async (store) => {
          await store.tasks.add({ request: aTask("t1"), now: NOW, nextAt: null });

          expect(
            await store.tasks.move("t1", { from: "pending", to: "cancelled", cause: "x", at: NOW }),
          ).toBe(true);
          expect(await store.tasks.move("t1", { from: "pending", to: "firing", cause: "x", at: NOW })).toBe(
            false,
          );
          expect(await store.tasks.find("t1")).toMatchObject({ status: "cancelled", completed_at: NOW });
        }));

      it("finds pending tasks of a customer and of any customer, by priority then age", () =>
        withStore(async (store) => {
          const wanted = [
            aTask("low", { priority: 1 }),
            aTask("any", { customer: { id: "*" } }),
            aTask("high", { priority: 9 }),
          ];
          const others = [
            aTask("other", { customer: { id: "u2" } }),
            aTask("shop", { customer: { id: "u1", shop_id: "s9" } }),
          ];
          for (const request of [...wanted, ...others])
            await store.tasks.add({ request, now: NOW, nextAt: null });

          const found = await store.tasks.pendingFor("customer_reply", {
            id: "u1",
            platform: "pinduoduo",
            shopId: "s1",
          });

          expect(found.map((task) => task.task_id)).toEqual(["high", "any", "low"]);
        }));

      it("claims a firing once per slot", () =>
        withStore(async (store) => {
          const firing = {
            taskId: "t1",
            slot: "message:m1",
            conversationId: null,
            customerId: "u1",
            at: NOW,
          };

          expect(await store.tasks.claimFiring({ ...firing, id: "f1" })).toMatchObject({ status: "running" });
          expect(await store.tasks.claimFiring({ ...firing, id: "f2" })).toBeNull();
          expect(await store.tasks.claimFiring({ ...firing, id: "f3", slot: "message:m2" })).not.toBeNull();
        }));

      it("lists newest first and goes on before a sequence number", () =>
        withStore(async (store) => {
          for (const id of ["a", "b", "c"])
            await store.tasks.add({ request: aTask(id), now: NOW, nextAt: null });

          const page = await store.tasks.list({ limit: 2 });
          const rest = await store.tasks.list({ limit: 2, beforeSeq: page[1]?.seq });

          expect(page.map((task) => task.task_id)).toEqual(["c", "b"]);
          expect(rest.map((task) => task.task_id)).toEqual(["a"]);
        }));
    });

    describe("orders", () => {
      const demand = { services: [], operations: [], local: false, urgent: false, words: "放大" };
      const order = {
        id: "o1",
        conversation_id: ID,
        customer_id: "u1",
        kind: "process" as const,
        demand,
        pictures: ["p1"],
        candidates: [],
        parent_id: null,
      };

      it("adds an order once, moves it only from where it is, and writes history", () =>
        withStore(async (store) => {
          expect(await store.orders.add(order, NOW)).toBe(true);
          expect(await store.orders.add(order, NOW)).toBe(false);
          expect(
            await store.orders.move("o1", { from: "draft", to: "quoted", cause: "quote", at: NOW }),
          ).not.toBeNull();
          expect(
            await store.orders.move("o1", { from: "draft", to: "review", cause: "late", at: NOW }),
          ).toBeNull();

          expect((await store.orders.history("o1")).map((row) => row.to)).toEqual(["draft", "quoted"]);
        }));

      it("keeps orders that were added in the same moment in the order they were added", () =>
        withStore(async (store) => {
          for (const id of ["o2", "o1", "o3"]) await store.orders.add({ ...order, id }, NOW);
          await store.orders.add({ ...order, id: "o0" }, NOW - 5);

          const newestFirst = (await store.orders.ofConversation(ID, 9)).map(({ id }) => id);
          expect(newestFirst).toEqual(["o0", "o3", "o1", "o2"]);
        }));

      it("appends revisions with growing numbers", () =>
        withStore(async (store) => {
          await store.orders.add(order, NOW);
          const revision = {
            image_task_id: "o1",
            text: "放大",
            pictures: [],
            risk_id: null,
            price_delta_fen: 0,
            at: NOW,
          };

          expect(await store.orders.addRevision(revision)).toBe(1);
          expect(await store.orders.addRevision({ ...revision, text: "加字" })).toBe(2);
          expect((await store.orders.revisions("o1")).map((it) => it.text)).toEqual(["放大", "加字"]);
          expect((await store.orders.find("o1"))?.revision).toBe(2);
        }));
    });

    describe("gallery", () => {
      const item = { id: "g1", title: "小猫", tags: [], description: "", file: "f", created_at: NOW };
      const fingerprint = new Uint8Array([1, 2, 3]);

      it("numbers what was put and removed, each item once, as it is now", () =>
        withStore(async (store) => {
          expect(await store.gallery.lastChange()).toBe(0);
          await store.gallery.put({ ...item, fingerprint });
          await store.gallery.put({ ...item, id: "g2", fingerprint });
          await store.gallery.put({ ...item, title: "小狗", fingerprint });
          const first = await store.gallery.changesSince(0);
          expect(first.put.map(({ id, title }) => `${id} ${title}`).sort()).toEqual(["g1 小狗", "g2 小猫"]);
          expect(await store.gallery.remove("g2")).toBe(true);
          expect(await store.gallery.remove("g2")).toBe(false);
          const second = await store.gallery.changesSince(first.seq);

          expect([second.put, second.gone]).toEqual([[], ["g2"]]);
          expect(await store.gallery.changesSince(second.seq)).toEqual({
            seq: second.seq,
            put: [],
            gone: [],
          });
          expect(await store.gallery.lastChange()).toBe(second.seq);
        }));
    });

    describe("knowledge", () => {
      const vpn = { id: "vpn.md", title: "VPN", url: null, kind: "document" as const };
      const chunk = (text: string, words: Record<string, number>) => ({
        heading: "",
        text,
        question: null,
        words: new Map(Object.entries(words)),
      });
      const placesOf = async ({ knowledge }: Pick<Store, "knowledge">, word: string) => {
        const places: { chunk: number; times: number; length: number }[] = [];
        for (const { block, entries } of await knowledge.postings([word]))
          eachEntry(entries, (place, times, length) =>
            places.push({ chunk: block * CHUNKS_OF_BLOCK + place, times, length }),
          );
        return places;
      };

      it("finds where words are, with what is needed to weigh them", () =>
        withStore(async (store) => {
          await store.knowledge.putDocument(
            { ...vpn, hash: "1" },
            [chunk("连接 VPN", { vpn: 2, 连接: 1 }), chunk("错误 691", { 错误: 1, 691: 1 })],
            NOW,
          );

          expect(await store.knowledge.size()).toEqual({ chunks: 2, usualLength: 2.5 });
          expect(await store.knowledge.frequencies(["vpn", "错误", "打印"])).toEqual(
            new Map([
              ["vpn", 1],
              ["错误", 1],
              ["打印", 0],
            ]),
          );
          const [place] = await placesOf(store, "vpn");
          expect(place).toMatchObject({ times: 2, length: 3 });
          expect(await store.knowledge.postings([])).toEqual([]);
          expect(await store.knowledge.chunks([place?.chunk ?? 0])).toMatchObject([
            { id: "vpn.md#0", text: "连接 VPN", question: null, document: vpn },
          ]);
        }));

      it("puts a changed document in place of the old one, and an unchanged one not at all", () =>
        withStore(async (store) => {
          const put = (hash: string, text: string) =>
            store.knowledge.putDocument({ ...vpn, hash }, [chunk(text, { [text]: 1 })], NOW);

          expect(await put("1", "旧")).toBe("added");
          expect(await put("1", "旧")).toBe("unchanged");
          expect(await put("2", "新")).toBe("replaced");
          expect(await store.knowledge.documents()).toEqual([
            { ...vpn, hash: "2", version: 2, chunks: 1, updated_at: NOW },
          ]);
          expect(await store.knowledge.postings(["旧"])).toEqual([]);
          expect(await placesOf(store, "新")).toHaveLength(1);
          expect(await store.knowledge.frequencies(["旧", "新"])).toEqual(
            new Map([
              ["旧", 0],
              ["新", 1],
            ]),
          );
        }));

      it("forgets a document with all its words", () =>
        withStore(async (store) => {
          await store.knowledge.putDocument({ ...vpn, hash: "1" }, [chunk("连接", { 连接: 1 })], NOW);

          expect(await store.knowledge.removeDocument("vpn.md")).toBe(true);
          expect(await store.knowledge.removeDocument("vpn.md")).toBe(false);
          expect(await store.knowledge.size()).toEqual({ chunks: 0, usualLength: 1 });
          expect(await store.knowledge.postings(["连接"])).toEqual([]);
        }));

      it("counts words right when documents are put at once", () =>
        withStore(async (store) => {
          const ids = Array.from({ length: 12 }, (_none, n) => `d${n}`);
          await Promise.all(
            ids.map((id) =>
              store.transaction((tx) =>
                tx.knowledge.putDocument(
                  { ...vpn, id, hash: id },
                  [chunk(id, { 共同: 1, [id]: 1 }), chunk(id, { 共同: 1 })],
                  NOW,
                ),
              ),
            ),
          );

          expect(await store.knowledge.frequencies(["共同", "d3"])).toEqual(
            new Map([
              ["共同", 24],
              ["d3", 1],
            ]),
          );
        }));

      it("keeps a document of thousands of chunks and words", () =>
        withStore(async (store) => {
          const chunks = Array.from({ length: 2_500 }, (_none, n) =>
            chunk(`第 ${n} 段`, { [`w${n}`]: 1, 都有: 1 }),
          );
          await store.knowledge.putDocument({ ...vpn, hash: "1" }, chunks, NOW);

          const [place] = await placesOf(store, "w2499");
          expect(await store.knowledge.chunks([place?.chunk ?? 0])).toMatchObject([{ text: "第 2499 段" }]);
          expect((await store.knowledge.frequencies(["都有"])).get("都有")).toBe(2_500);

          // The second one begins in the first one's block and ends in the next.
          await store.knowledge.putDocument({ ...vpn, id: "more.md", hash: "1" }, chunks, NOW);
          expect(await store.knowledge.removeDocument("vpn.md")).toBe(true);
          const left = await placesOf(store, "都有");
          expect(left).toHaveLength(2_500);
          expect((await store.knowledge.frequencies(["都有", "w0"])).get("w0")).toBe(1);
          expect(await store.knowledge.chunks(left.map((it) => it.chunk))).toHaveLength(2_500);
        }));

      it("keeps vectors of chunks, tells of which documents they changed, and forgets them with those", () =>
        withStore(async (store) => {
          const kind = { model: "bge", dimension: 1 };
          const all = { after: 0, most: 10 };
          const bytes = new Uint8Array([0, 1, 128, 255]);
          await store.knowledge.putDocument({ ...vpn, hash: "1" }, [chunk("一", { 一: 1 })], NOW);
          expect(await store.vectors.lastChange()).toBe(0);
          const [missing] = await store.vectors.missing(kind, all);
          const seq = missing?.seq ?? 0;

          // The second of them is gone meanwhile.
          await store.vectors.put(kind, [
            { chunk: seq, bytes },
            { chunk: seq + 100, bytes },
          ]);

          const first = await store.vectors.changesSince(0);
          expect(missing).toMatchObject({ text: "一", document: vpn });
          expect(await store.vectors.all(kind, all)).toEqual([{ chunk: seq, document: "vpn.md", bytes }]);
          expect(await store.vectors.ofDocuments(kind, ["vpn.md", "x"])).toHaveLength(1);
          expect(await store.vectors.ofDocuments({ ...kind, model: "m3" }, ["vpn.md"])).toEqual([]);
          expect(await store.vectors.missing(kind, all)).toEqual([]);
          expect(await store.vectors.missing({ ...kind, dimension: 2 }, all)).toHaveLength(1);
          expect(await store.vectors.countMissing({ ...kind, dimension: 2 })).toBe(1);
          expect(await store.vectors.countMissing({ ...kind, dimension: null })).toBe(0);
          expect(first).toEqual({ seq: await store.vectors.lastChange(), documents: ["vpn.md"] });

          await store.knowledge.removeDocument("vpn.md");

          expect(await store.vectors.all(kind, all)).toEqual([]);
          expect((await store.vectors.changesSince(first.seq)).documents).toEqual(["vpn.md"]);
        }));
    });

    describe("handoffs", () => {
      it("opens one handoff per conversation, reason and order", () =>
        withStore(async (store) => {
          const handoff = {
            id: "h1",
            conversation_id: ID,
            customer_id: "u1",
            reason: "complaint" as const,
            status: "queued" as const,
            group_name: null,
            image_task_id: null,
            card: { summary: "x", demands: [], pictures: [], last_messages: [] },
            created_at: NOW,
          };

          expect((await store.handoffs.open(handoff)).isNew).toBe(true);
          expect(await store.handoffs.open({ ...handoff, id: "h2" })).toMatchObject({
            isNew: false,
            handoff: { id: "h1" },
          });
          await store.handoffs.setStatus("h1", { status: "returned", endedAt: NOW });
          expect((await store.handoffs.open({ ...handoff, id: "h3" })).isNew).toBe(true);
        }));
    });

    describe("leases", () => {
      const HOUR = 3_600_000;

      it("gives a lease to one at a time, under a token that is raised when it changes hands", () =>
        withStore(async (store) => {
          const mine = await store.leases.take({ name: "bridge", owner: "one", ttlMs: HOUR });
          expect(mine).toEqual({ lease: { name: "bridge", token: 1 }, former: null });
          const { lease } = mine ?? expect.fail("not taken");

          expect(await store.leases.take({ name: "bridge", owner: "two", ttlMs: HOUR })).toBeNull();
          expect(await store.leases.take({ name: "bridge", owner: "one", ttlMs: 0 })).toEqual(mine);
          expect(await store.leases.isCurrent(lease)).toBe(true);
          expect(await store.leases.take({ name: "bridge", owner: "two", ttlMs: HOUR })).toEqual({
            lease: { name: "bridge", token: 2 },
            former: "one",
          });
          expect(await store.leases.isCurrent(lease)).toBe(false);
          expect(await store.leases.take({ name: "bridge", owner: "one", ttlMs: HOUR })).toBeNull();
        }));

      it("gives one that was given back to the next, and nobody's late end takes it away", () =>
        withStore(async (store) => {
          const mine = await store.leases.take({ name: "bridge", owner: "one", ttlMs: HOUR });
          const { lease } = mine ?? expect.fail("not taken");
          await store.leases.giveBack(lease);

          expect(await store.leases.isCurrent(lease)).toBe(false);
          const other = await store.leases.take({ name: "bridge", owner: "two", ttlMs: HOUR });
          expect(other).toEqual({ lease: { name: "bridge", token: 2 }, former: null });
          await store.leases.giveBack(lease);
          expect(await store.leases.isCurrent(other?.lease ?? lease)).toBe(true);
        }));

      it("gives it to one of many who ask at once", () =>
        withStore(async (store) => {
          const owners = Array.from({ length: 8 }, (_none, n) => `process ${n}`);
          const ask = () =>
            Promise.all(owners.map((owner) => store.leases.take({ name: "bridge", owner, ttlMs: 0 })));

          for (let round = 0; round < 5; round += 1) {
            const tokens = (await ask()).flatMap((taken) => (taken === null ? [] : [taken.lease.token]));
            expect(tokens.length).toBeGreaterThan(0);
            expect(new Set(tokens).size).toBe(tokens.length);
          }
        }));

      it("claims no send under a lease that another has by now", () =>
        withStore(async (store) => {
          await store.conversations.upsert(anInbound(), NOW);
          await store.messages.addOutbound({
            id: "bot1",
            conversationId: ID,
            author: "bot",
            parts: [],
            fence: 1,
            at: NOW,
          });
          const claim = (token: number) =>
            store.messages.claimSend({ id: "bot1", attempts: 0 }, NOW + 300, { name: "bridge", token });
          await store.leases.take({ name: "bridge", owner: "one", ttlMs: 0 });
          await store.leases.take({ name: "bridge", owner: "two", ttlMs: HOUR });

          expect(await claim(1)).toBe(false);
          expect(await claim(2)).toBe(true);
        }));
    });

    describe("turns", () => {
      it("keep a case over what was kept before, until it is forgotten", () =>
        withStore(async (store) => {
          const kept = {
            turnId: "t_1",
            fence: 3,
            messageIds: ["m1", "m2"],
            content: { words: "放大\u20282倍" },
          };
          expect(await store.turns.keptCase("t_1")).toBeNull();
          await store.turns.keepCase({ ...kept, content: null });
          await store.turns.keepCase(kept);
          expect(await store.turns.keptCase("t_1")).toEqual(kept);
          await store.turns.forgetCase("t_1");
          await store.turns.forgetCase("t_1");
          expect(await store.turns.keptCase("t_1")).toBeNull();
        }));

      it("forget the cases of turns whose first message waits no more", () =>
        withStore(async (store) => {
          for (const [id, status] of [
            ["waits", "pending"],
            ["held", "held"],
          ] as const)
            await store.messages.addInbound(
              { ...anInbound(), dedupeKey: id, platformMessageId: id },
              { id, conversationId: ID, status, fence: 1 },
            );
          for (const id of ["waits", "held", "gone"])
            await store.turns.keepCase({ turnId: `t_${id}`, fence: 1, messageIds: [id, "m2"], content: {} });

          await store.turns.forgetEndedCases();
          expect((await store.turns.keptCase("t_waits"))?.messageIds).toEqual(["waits", "m2"]);
          expect(await store.turns.keptCase("t_held")).toBeNull();
          expect(await store.turns.keptCase("t_gone")).toBeNull();
        }));

      it("counts them by the versions that they stood on, each turn once", () =>
        withStore(async (store) => {
          const turn = {
            conversation_id: ID,
            rung: "rules",
            outcome: "answered" as const,
            tools: [],
            agent: "shop" as const,
            versions: { prompt: "a1" },
            knowledge: { status: "n/a" as const, citations: [] },
            queued_at: NOW,
            started_at: NOW,
            ended_at: NOW,
          };
          for (const id of ["t1", "t2", "t2"]) await store.turns.add({ ...turn, id });
          await store.turns.add({ ...turn, id: "t3", agent: "helpdesk" });
          await store.turns.add({ ...turn, id: "t4", versions: { prompt: "b2" } });

          const counts = await store.turns.countByVersions();
          expect(counts).toHaveLength(3);
          expect(counts).toEqual(
            expect.arrayContaining([
              { agent: "shop", versions: { prompt: "a1" }, turns: 2 },
              { agent: "helpdesk", versions: { prompt: "a1" }, turns: 1 },
              { agent: "shop", versions: { prompt: "b2" }, turns: 1 },
            ]),
          );
        }));
    });

    describe("versions of the files", () => {
      const risk = { name: "risk.yaml", version: "a1b2c3000000", content: "规则: 一" };
      const later = { ...risk, version: "a1ff00000000", content: "规则: 二" };

      it("keeps what each held, and every change once, also a change back", () =>
        withStore(async (store) => {
          await store.configVersions.keep(risk, NOW);
          await store.configVersions.keep(risk, NOW + 1);
          await store.configVersions.keep({ ...later, name: "replies.yaml" }, NOW + 2);
          await store.configVersions.keep(later, NOW + 3);
          await store.configVersions.keep(risk, NOW + 4);

          expect(await store.configVersions.changes({ name: "risk.yaml", limit: 10 })).toEqual([
            { name: "risk.yaml", version: risk.version, at: NOW + 4 },
            { name: "risk.yaml", version: later.version, at: NOW + 3 },
            { name: "risk.yaml", version: risk.version, at: NOW },
          ]);
          expect((await store.configVersions.changes({ limit: 3 })).map(({ at }) => at)).toEqual([
            NOW + 4,
            NOW + 3,
            NOW + 2,
          ]);
        }));

      it("finds a version of that file by how it begins", () =>
        withStore(async (store) => {
          await store.configVersions.keep(risk, NOW);
          await store.configVersions.keep(later, NOW);

          expect(await store.configVersions.find("risk.yaml", "a1")).toEqual([risk, later]);
          expect(await store.configVersions.find("risk.yaml", "a1f")).toEqual([later]);
          expect(await store.configVersions.find("risk.yaml", "%")).toEqual([]);
          expect(await store.configVersions.find("replies.yaml", "a1")).toEqual([]);
        }));

      it("notes a change once when many see it at the same time", () =>
        withStore(async (store) => {
          const texts = Array.from({ length: 8 }, () => risk);
          await Promise.all(texts.map((text) => store.configVersions.keep(text, NOW)));

          expect(await store.configVersions.changes({ limit: 10 })).toHaveLength(1);
          expect(await store.configVersions.find("risk.yaml", "")).toEqual([risk]);
        }));
    });

    function inboundRow(id: string) {
      return { id, conversationId: ID, status: "pending" as const, fence: 1 };
    }
  });
}

function aTask(id: string, overrides: Record<string, unknown> = {}) {
  return taskRequestSchema.parse({
    task_id: id,
    type: "test",
    customer: { id: "u1" },
    trigger: { type: "customer_reply", keyword: "测试" },
    action: { type: "send_message", message: "测试消息" },
    created_by: "测试",
    ...overrides,
  });
}
