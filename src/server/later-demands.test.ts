import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPhoto, aProductOnWhite } from "../../sandbox/pictures.ts";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { conversationIdOf } from "../domain/conversations/conversation.ts";
import { queueTurn } from "../domain/conversations/queue-turn.ts";
import { queueSupplement } from "../domain/orders/desk/tell-designer.ts";
import { judgeEvidence } from "../domain/orders/evidence.ts";
import type { ImageEngine } from "../domain/pictures/ports.ts";
import { aShop, type Shop, whoIs } from "../testing/shop.ts";
import { anInbound } from "../testing/test-store.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let tuhui: Awaited<ReturnType<typeof startTuhui>>;
let shop: Shop;
let applied: ImageEngine["apply"];
let whileWorking: (() => Promise<void>) | null = null;
/** Called once, after the transaction that the condition sees. */
let afterwards: { isMoment: () => Promise<boolean>; run: () => Promise<void> } | null = null;
let buyer = "";
let count = 0;

beforeAll(async () => {
  tuhui = await startTuhui();
  shop = await aShop({
    settings: { TUHUI_API_URL: tuhui.url },
    around: (real) => {
      applied = real.engine.apply;
      return {
        ...real,
        store: {
          ...real.store,
          async transaction(work) {
            const value = await real.store.transaction(work);
            const waiting = afterwards;
            if (waiting === null || !(await waiting.isMoment())) return value;
            afterwards = null;
            await waiting.run();
            return value;
          },
        },
        engine: {
          ...real.engine,
          async apply(bytes, job) {
            const result = await applied(bytes, job);
            const meanwhile = whileWorking;
            whileWorking = null;
            await meanwhile?.();
            return result;
          },
        },
        textReader: {
          read: async () => judgeEvidence([], { id: "e", engine: "test", version: "1", pictureArea: 1 }),
          close: async () => {},
        },
      };
    },
  });
});
afterAll(async () => {
  await shop.close();
  await tuhui.close();
});
beforeEach(() => {
  count += 1;
  buyer = `later-${count}`;
  whileWorking = null;
  afterwards = null;
  tuhui.knobs.isDown = false;
});

const last = async () => (await shop.told(buyer)).at(-1) ?? "";
type AtTuhui = (typeof tuhui.orders)[number];
/** The demands that 图绘 was told of an order, by number, in the order of being told. */
function toldOf(order: AtTuhui | undefined): number[] {
  const { requirements } = (order?.request ?? {}) as { requirements?: { revision: number }[] };
  return [...(requirements ?? []), ...((order?.supplements ?? []) as { revision: number }[])].map(
    ({ revision }) => revision,
  );
}
async function newest() {
  const [order] = await shop.orders(buyer);
  if (order === undefined) throw new Error("no order");
  return order;
}
const ADDED = {
  kind: "process" as const,
  services: ["basic" as const],
  operations: [{ op: "format" as const, format: "jpeg" as const }],
  local: true,
  urgent: false,
  words: "要jpg的",
  pictures: [],
};
/** What a turn had done when its process ended: the message is not answered, the price is raised. */
async function cutOff(order: { id: string; conversation_id: string }): Promise<void> {
  const { store, desk, ambient } = shop.service;
  const words = "再加一行字：新年快乐";
  await store.messages.addInbound(anInbound({ text: words, at: ambient.now() }), {
    id: `m_${buyer}_cut`,
    conversationId: order.conversation_id,
    status: "pending",
    fence: 1,
  });
  await desk.addDemand(order.id, {
    ...ADDED,
    services: ["edit_text"],
    operations: [],
    local: false,
    words,
    sourceId: `t_m_${buyer}_cut`,
  });
}
async function totalOf(order: { quote_id: string | null }) {
  const quote =
    order.quote_id === null ? null : await shop.service.store.certificates.findQuote(order.quote_id);
  return quote?.certificate.total_fen ?? null;
}

describe("being in a hurry", () => {
  it("asks whether it is urgent when no time was named, and prices it when it is", async () => {
    await shop.say(buyer, "这张图放大2倍，急", [await aPhoto(count)]);
    expect(await last()).toContain("20 元");
    expect(await last()).toContain("2 小时内就要吗");
    await shop.say(buyer, "1小时内能给我吗");

    expect(await last()).toContain("一共 30 元");
    expect(await totalOf(await newest())).toBe(3000);
    expect((await newest()).status).toBe("quoted");
  });

  it.each(["加急", "是的", "嗯嗯", "算加急吧"])(
    "asks when the hurry comes after the quote, and not again once it is urgent: %s",
    async (words) => {
      await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
      await shop.say(buyer, "着急");
      expect(await last()).toContain("2 小时内就要吗");
      await shop.say(buyer, words);
      expect(await totalOf(await newest())).toBe(3000);
      await shop.say(buyer, "可以");

      expect((await newest()).status).toBe("delivered");
    },
  );

  it("takes a time that is far enough as not urgent, and keeps it as the deadline", async () => {
    await shop.say(buyer, "这张图放大2倍，后天之前给我", [await aPhoto(count)]);
    const order = await newest();

    expect(await totalOf(order)).toBe(2000);
    expect(order.deadline_at).toBeGreaterThan(Date.now() + DAY_MS);
    expect(await last()).not.toContain("2 小时");
  });
});

describe("a later demand", () => {
  it("that comes while we work is worked in before delivery", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count, { width: 300, height: 200 })]);
    whileWorking = () => shop.service.desk.addDemand(orderId, { ...ADDED, sourceId: "t1" }).then(() => {});
    const orderId = (await newest()).id;
    await shop.say(buyer, "可以");
    await shop.pass(1_000);
    const order = await newest();

    expect(order.status).toBe("delivered");
    expect(order.deliveries.map(({ format }) => format)).toEqual(["jpeg"]);
    expect((await shop.told(buyer)).filter((text) => text.includes("做好啦"))).toHaveLength(1);
  });

  it("after delivery is a follow-up order on what was delivered", async () => {
    await shop.say(buyer, "帮我抠图 要透明底的", [await aProductOnWhite(count)]);
    await shop.say(buyer, "可以");
    const first = await newest();
    await shop.say(buyer, "再帮我换成蓝底");
    const second = await newest();

    expect(second.parent_id).toBe(first.id);
    expect(second.pictures).toEqual(first.deliveries.map(({ file }) => file));
    expect(await totalOf(second)).toBe(2000);
  });

  it("that takes back what was quoted replaces it, with the price that is left", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count, { width: 300, height: 200 })]);
    await shop.say(buyer, "不用放大了，只要裁成正方形");
    expect(await last()).toContain("「高清/去噪/锐化」这项给您去掉了");
    expect(await last()).toContain("一共 10 元，您看可以吗");
    await shop.say(buyer, "可以");
    const order = await newest();

    expect(order.demand.services).toEqual(["basic"]);
    expect(await totalOf(order)).toBe(1000);
    expect(order.deliveries.map(({ width, height }) => [width, height])).toEqual([[200, 200]]);
  });

  it("that takes back a part leaves the rest at its price", async () => {
    await shop.say(buyer, "这张放大2倍 再描成矢量图", [await aPhoto(count, { width: 300, height: 200 })]);
    expect(await totalOf(await newest())).toBe(7000);
    await shop.say(buyer, "不用描图了");

    expect((await newest()).status).toBe("quoted");
    expect((await newest()).demand.services).toEqual(["enhance"]);
    expect(await totalOf(await newest())).toBe(2000);

    // Nothing is left that only a designer can do.
    await shop.say(buyer, "可以");
    const [delivery] = (await newest()).deliveries;
    expect(delivery).toMatchObject({ width: 600, height: 400 });
  });

  it("that takes back one of two parts for a designer leaves the other to one", async () => {
    await shop.say(buyer, "这张放大2倍 再描成矢量图 再加一行字：新年快乐", [await aPhoto(count)]);
    await shop.say(buyer, "不用描图了");
    await shop.say(buyer, "可以");

    expect((await newest()).demand).toMatchObject({ local: false, handmade: ["edit_text"] });
    expect((await newest()).deliveries).toEqual([]);
  });

  it("that takes something back when a designer works changes the work, not the price", async () => {
    await shop.say(buyer, "这张描成矢量图 再放大2倍", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const [waiting] = await shop.orders(buyer);
    if (waiting?.status === "review") await shop.service.desk.confirm(waiting.id, "阿明");
    await shop.service.jobs.idle();
    expect((await newest()).status).toBe("dispatched");
    await shop.say(buyer, "放大不用了，其他照做");

    expect(await last()).toContain("价格就不往下调了");
    expect(await totalOf(await newest())).toBe(7000);
    expect(tuhui.orders.find((it) => it.request.image_task_id === waiting?.id)?.supplements).toHaveLength(1);
  });

  it("while a designer works is a supplement, with the price told and not asked", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    expect((await newest()).status).toBe("dispatched");
    await shop.say(buyer, "再加一行字：新年快乐");
    const order = await newest();
    const [atTuhui] = tuhui.orders.filter((it) => it.request.image_task_id === order.id);

    expect(order.status).toBe("dispatched");
    expect(await last()).not.toContain("可以吗");
    expect(await last()).toContain("加 30 元");
    expect(atTuhui?.supplements).toMatchObject([
      { revision: 2, text: "再加一行字：新年快乐", quote_delta_fen: 3000 },
    ]);
  });

  it("whose turn a person cuts off is told when the person gives the chat back", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { conversation_id } = await newest();
    const told = (await shop.told(buyer)).length;
    const { takeover } = shop.service;
    afterwards = {
      isMoment: async () => (await totalOf(await newest())) === 8_000,
      run: async () => {
        await takeover.takeOver(conversation_id, "阿明");
      },
    };
    await shop.say(buyer, "再加一行字：新年快乐");
    expect((await shop.told(buyer)).slice(told)).toEqual([
      expect.stringContaining("加 30 元，这单一共 80 元"),
    ]);
    const { messages } = shop.service.store;
    expect((await messages.listOutbound("deferred", 5)).map((it) => it.conversation_id)).toEqual([
      conversation_id,
    ]);
    await takeover.release(conversation_id);

    expect((await messages.unsent(conversation_id)).at(-1)).toMatchObject({ status: "queued", fence: 3 });
  });

  it("whose turn a crash cuts off before a person takes the chat over is told when they give it back", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id, conversation_id } = await newest();
    const { store, takeover, jobs, ambient } = shop.service;
    const told = (await shop.told(buyer)).length;
    await cutOff({ id, conversation_id });
    await takeover.takeOver(conversation_id, "阿明");
    await store.transaction((tx) => queueTurn(tx, conversation_id, ambient.now()));
    await jobs.idle();
    const kept = () => store.messages.find(`m_t_m_${buyer}_cut`);
    expect(await kept()).toMatchObject({ status: "deferred" });

    await takeover.release(conversation_id);
    expect((await shop.told(buyer)).slice(told)).toEqual([expect.stringContaining("这单一共 80 元")]);
    expect(await kept()).toMatchObject({ status: "queued", fence: 3 });
  });

  it("whose turn a person cuts off is told also when the designer delivers before they give the chat back", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id, conversation_id, dispatch_no } = await newest();
    const { store, jobs, ambient } = shop.service;
    const told = (await shop.told(buyer)).length;
    await cutOff({ id, conversation_id });
    await jobs.idle();
    tuhui.knobs.loseCallbacks = 1;
    await tuhui.deliver(dispatch_no ?? "", [await aPhoto(count + 100)]);
    await shop.pass(6 * MINUTE_MS);
    expect((await newest()).status).toBe("delivered");
    await store.transaction((tx) => queueTurn(tx, conversation_id, ambient.now()));
    await jobs.idle();

    expect(await shop.orders(buyer)).toHaveLength(1);
    expect((await shop.told(buyer)).slice(told).at(-1)).toContain("这单一共 80 元");
  });

  it("whose turn a crash cuts off is told once, whatever else the buyer has said when the turn runs again", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id, conversation_id, dispatch_no } = await newest();
    const { store, jobs, ambient } = shop.service;
    const told = (await shop.told(buyer)).length;
    await cutOff({ id, conversation_id });
    await store.messages.addInbound(anInbound({ text: "你好 有人吗", at: ambient.now() }), {
      id: `m_${buyer}_more`,
      conversationId: conversation_id,
      status: "pending",
      fence: 1,
    });
    tuhui.knobs.loseCallbacks = 1;
    await tuhui.deliver(dispatch_no ?? "", [await aPhoto(count + 100)]);
    await shop.pass(6 * MINUTE_MS);
    expect((await newest()).status).toBe("delivered");
    await store.transaction((tx) => queueTurn(tx, conversation_id, ambient.now()));
    await jobs.idle();

    expect(await shop.orders(buyer)).toHaveLength(1);
    expect(await store.orders.revisions(id)).toHaveLength(2);
    expect((await shop.told(buyer)).slice(told).at(-1)).toContain("这单一共 80 元");
  });

  it("whose turn was cut off is told what it costs also when the turn's second run says something else", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id, conversation_id } = await newest();
    const { store, jobs, ambient } = shop.service;
    const told = (await shop.told(buyer)).length;
    await cutOff({ id, conversation_id });
    // As a model might, of the same words.
    await store.messages.setParts(`m_${buyer}_cut`, [{ type: "text", text: "你好" }]);
    await store.transaction((tx) => queueTurn(tx, conversation_id, ambient.now()));
    await jobs.idle();
    expect((await shop.told(buyer)).slice(told).join("\n")).toContain("这单一共 80 元");
  });

  it("that a process raised which had stood still is told by the turn that goes on, or when a person gives the chat back", async () => {
    for (const isHeld of [false, true]) {
      await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
      await shop.say(buyer, "可以");
      const { id, conversation_id } = await newest();
      const { store, desk, takeover, jobs, ambient } = shop.service;
      const told = (await shop.told(buyer)).length;
      await store.messages.addInbound(anInbound({ text: "再加一行字：新年快乐", at: ambient.now() }), {
        id: `m_${buyer}_late`,
        conversationId: conversation_id,
        status: "pending",
        fence: 1,
      });
      // Under the name of a turn that another process has ended meanwhile.
      await desk.addDemand(id, {
        ...ADDED,
        services: ["edit_text"],
        operations: [],
        local: false,
        words: "再加一行字：新年快乐\n可以",
        sourceId: `t_m_${buyer}_another`,
      });
      if (isHeld) await takeover.takeOver(conversation_id, "阿明");
      await store.transaction((tx) => queueTurn(tx, conversation_id, ambient.now()));
      await jobs.idle();
      if (isHeld) await takeover.release(conversation_id);
      await jobs.idle();
      expect((await shop.told(buyer)).slice(told).join("\n")).toContain("一共 80 元");
      buyer = `${buyer}x`;
    }
  });

  it("is no reason to tell a price that the buyer agreed to when a late message is left to a person", async () => {
    const { store, takeover, jobs, ambient } = shop.service;
    const before = ambient.now();
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { conversation_id } = await newest();
    const told = (await shop.told(buyer)).length;
    await store.messages.addInbound(anInbound({ text: "谢谢", at: before }), {
      id: `m_${buyer}_late`,
      conversationId: conversation_id,
      status: "pending",
      fence: 1,
    });
    await takeover.takeOver(conversation_id, "阿明");
    await store.transaction((tx) => queueTurn(tx, conversation_id, ambient.now()));
    await jobs.idle();
    await takeover.release(conversation_id);
    await jobs.idle();

    expect((await shop.told(buyer)).slice(told)).toEqual([]);
  });

  it("tells the whole price also when it stays: a turn that a person cut off may have raised it unsaid", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id, conversation_id } = await newest();
    await shop.service.takeover.takeOver(conversation_id, "阿明");
    await shop.service.desk.addDemand(id, {
      ...ADDED,
      services: ["edit_text"],
      operations: [],
      local: false,
      words: "再加一行字：新年快乐",
      sourceId: "cut-off",
    });
    await shop.service.takeover.release(conversation_id);
    await shop.say(buyer, "再加一行字：万事如意");

    const total = await totalOf(await newest());
    expect(total).toBeGreaterThan(5_000);
    expect(await last()).toContain(`一共 ${(total ?? 0) / 100} 元`);
  });

  it("added while 图绘 is down is told with the order or after it, once", async () => {
    tuhui.knobs.isDown = true;
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    await shop.say(buyer, "再加一行字：新年快乐");
    tuhui.knobs.isDown = false;
    await shop.pass(2 * MINUTE_MS);
    const order = await newest();
    const atTuhui = tuhui.orders.filter((it) => it.request.image_task_id === order.id);

    expect(atTuhui).toHaveLength(1);
    expect(toldOf(atTuhui[0])).toEqual([1, 2]);
  });

  it("that 图绘 had not heard of when it delivered goes to a person, once", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id, conversation_id, dispatch_no } = await newest();
    const { store, jobs } = shop.service;
    const revision = {
      image_task_id: id,
      text: "再加一行字：新年快乐",
      pictures: [],
      risk_id: null,
      price_delta_fen: 3_000,
      at: shop.service.ambient.now(),
    };
    // The demand counts, and its news is still on its way when the designer delivers.
    await store.orders.addRevision(revision);
    tuhui.knobs.loseCallbacks = 1;
    await tuhui.deliver(dispatch_no ?? "", [await aPhoto(count + 100)]);
    await shop.pass(6 * MINUTE_MS);
    expect((await newest()).status).toBe("delivered");
    for (let time = 0; time < 2; time += 1) {
      await store.transaction((tx) => queueSupplement(tx, id));
      await jobs.idle();
    }

    const [handoff, ...more] = (await store.handoffs.openOf(conversation_id)).filter(
      ({ reason }) => reason === "processing_failed",
    );
    expect(more).toEqual([]);
    expect(handoff).toMatchObject({ image_task_id: id });
    expect(handoff?.card.summary).toContain("再加一行字：新年快乐");
  });

  it("added when 图绘 took the order and its answer was lost is told after it, once", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    tuhui.knobs.trouble = () => {
      tuhui.knobs.trouble = () => "none";
      return "answer-cut";
    };
    await shop.say(buyer, "可以");
    expect((await newest()).status).toBe("handed_off");
    await shop.say(buyer, "再加一行字：新年快乐");
    await shop.pass(2 * MINUTE_MS);
    const order = await newest();
    const atTuhui = tuhui.orders.filter((it) => it.request.image_task_id === order.id);

    expect(order.status).toBe("dispatched");
    expect(atTuhui).toHaveLength(1);
    expect(toldOf(atTuhui[0])).toEqual([1, 2]);
  });

  it("of taking all back reaches 图绘 also when it took the order and its answer was lost", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    tuhui.knobs.trouble = () => {
      tuhui.knobs.trouble = () => "none";
      return "answer-cut";
    };
    await shop.say(buyer, "可以");
    await shop.say(buyer, "这单不要了，取消吧");
    expect((await newest()).status).toBe("cancelled");
    await shop.pass(2 * MINUTE_MS);
    const order = await newest();
    const atTuhui = tuhui.orders.filter((it) => it.request.image_task_id === order.id);

    expect(atTuhui).toMatchObject([{ order_no: order.dispatch_no, status: "cancelled", cancels: 1 }]);
  });

  it("that must be looked at waits, and the designer hears of it when a person has cleared it", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    await shop.say(buyer, "顺便把别人的水印去掉");
    const order = await newest();
    const [atTuhui] = tuhui.orders.filter((it) => it.request.image_task_id === order.id);
    expect(order.status).toBe("review");
    expect(atTuhui?.supplements).toEqual([]);
    await shop.service.desk.confirm(order.id, "阿明");
    await shop.service.jobs.idle();

    expect((await newest()).status).toBe("dispatched");
    expect(atTuhui?.supplements).toHaveLength(1);
  });

  it("that is forbidden changes nothing of the order", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    const before = await newest();
    await shop.say(buyer, "再帮我p个公章上去");
    const orders = await shop.orders(buyer);

    expect(orders.find((order) => order.id === before.id)).toMatchObject({
      status: "quoted",
      revision: 1,
      demand: before.demand,
    });
    expect(await last()).toContain("没法");
  });
});

describe("a question that names a document", () => {
  it("of a person who has given the chat back makes its answer a demand on that document", async () => {
    const { takeover, receiveMessage, ambient, jobs } = shop.service;
    await shop.say(buyer, "在吗", [await aPhoto(count)]);
    const conversation = conversationIdOf(whoIs(buyer));
    await takeover.takeOver(conversation, "阿明");
    await receiveMessage({
      ...whoIs(buyer),
      customer: { id: buyer, name: null },
      author: "person",
      platformMessageId: `${buyer}-person`,
      dedupeKey: `${buyer}-person`,
      parts: [{ type: "text", text: "身份证这张照片是要怎么改呢？" }],
      at: ambient.now(),
      context: null,
    });
    await jobs.idle();
    await takeover.release(conversation);
    await shop.say(buyer, "把87改成97");

    expect(await last()).toContain("没法");
    expect((await shop.orders(buyer)).filter((order) => order.status === "quoted")).toEqual([]);
  });
});

describe("a buyer's history", () => {
  it("of abuse makes the next demand a person's to look at", async () => {
    await shop.say(buyer, "你们是废物东西吗");
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    const order = await newest();
    const risk =
      order.risk_id === null ? null : await shop.service.store.certificates.findRisk(order.risk_id);

    expect(order.status).toBe("review");
    expect(risk?.input.buyer.abusive).toBe(true);
  });

  it("of quotes never taken up makes the fourth a person's to look at", async () => {
    const { desk, store } = shop.service;
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count, { width: 300, height: 200 })]);
    const { pictures, conversation_id, demand } = await newest();
    const conversation = await store.conversations.find(conversation_id);
    if (conversation === null) throw new Error("no conversation");
    const another = async (nth: number) => {
      await shop.pass(DAY_MS + MINUTE_MS);
      const sourceId = `${buyer}-${nth}`;
      return (await desk.open(conversation, { ...demand, kind: "process", pictures, sourceId })).order.status;
    };

    expect([await another(2), await another(3), await another(4)]).toEqual(["quoted", "quoted", "review"]);
    expect((await shop.orders(buyer)).filter((order) => order.status === "quoted")).toHaveLength(3);
  });

  it("with wishes that exclude each other is a person's to look at", async () => {
    await shop.say(buyer, "帮我抠图要透明底，格式要jpg", [await aProductOnWhite(count)]);
    expect((await newest()).status).toBe("review");
  });
});
