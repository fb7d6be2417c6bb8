import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { judgeEvidence } from "../domain/orders/evidence.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import { verifyQuote } from "../domain/orders/verify-quote.ts";
import { aShop, type Shop } from "../testing/shop.ts";

const MINUTE_MS = 60_000;

let tuhui: Awaited<ReturnType<typeof startTuhui>>;
let shop: Shop;
let isUnreadable = false;
let buyer = "";
let count = 0;

beforeAll(async () => {
  tuhui = await startTuhui();
  shop = await aShop({
    settings: { TUHUI_API_URL: tuhui.url },
    around: (real) => ({
      ...real,
      textReader: {
        read: async () => ({
          ...judgeEvidence([], { id: "e", engine: "test", version: "1", pictureArea: 1 }),
          failed: isUnreadable,
        }),
        close: async () => {},
      },
    }),
  });
});
afterAll(async () => {
  await shop.close();
  await tuhui.close();
});
beforeEach(() => {
  count += 1;
  buyer = `person-${count}`;
  isUnreadable = false;
  tuhui.knobs.isDown = false;
});

const last = async () => (await shop.told(buyer)).at(-1) ?? "";
async function newest(): Promise<ImageOrder> {
  const [order] = await shop.orders(buyer);
  if (order === undefined) throw new Error("no order");
  return order;
}
async function quoteOf({ quote_id }: ImageOrder) {
  return quote_id === null ? null : await shop.service.store.certificates.findQuote(quote_id);
}
/** What the operations commands send. */
async function operate(path: string, body: Record<string, unknown> = {}) {
  const response = await shop.request(`/api/operations/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ by: "阿明", ...body }),
  });
  await shop.service.jobs.idle();
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}
async function upload(bytes: Uint8Array): Promise<string> {
  const response = await shop.request("/api/operations/pictures", {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: new Blob([bytes.slice()]),
  });
  return ((await response.json()) as { picture: { id: string } }).picture.id;
}

describe("a later demand that a person refuses", () => {
  it("is dropped, and the designer's order goes on as it was", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const before = await newest();
    await shop.say(buyer, "顺便把别人的水印去掉");
    expect((await newest()).status).toBe("review");
    const { answer } = await operate(`orders/${before.id}/reject`, { reason: "别人的水印不能去" });
    const order = await newest();
    const [atTuhui] = tuhui.orders.filter((it) => it.request.image_task_id === order.id);

    expect(answer.dropped_revisions).toEqual([2]);
    expect(order).toMatchObject({ status: "dispatched", demand: before.demand, quote_id: before.quote_id });
    expect((await quoteOf(order))?.status).toBe("accepted");
    expect(atTuhui?.supplements).toEqual([]);
    expect(atTuhui?.status).not.toBe("cancelled");
    expect(await last()).toContain("别人的水印不能去");
    expect((await shop.handoffs(buyer)).filter(({ reason }) => reason === "risk_review")).toMatchObject([
      { status: "returned" },
    ]);
  });

  it("leaves a quoted order quoted at its price, and says so", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    const before = await newest();
    await shop.say(buyer, "顺便把别人的水印去掉");
    await operate(`orders/${before.id}/reject`);
    const order = await newest();

    expect(order).toMatchObject({ status: "quoted", demand: before.demand, quote_id: before.quote_id });
    expect((await quoteOf(order))?.status).toBe("offered");
    expect(await last()).toContain("一共 20 元");
    await shop.say(buyer, "可以");
    expect((await newest()).status).toBe("delivered");
  });

  it("takes what was added after it along, and nothing that came before", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    await shop.say(buyer, "再裁成正方形");
    const before = await newest();
    await shop.say(buyer, "顺便把别人的水印去掉");
    await shop.say(buyer, "再转90度");
    const { answer } = await operate(`orders/${before.id}/reject`);

    expect(answer.dropped_revisions).toEqual([3, 4]);
    expect((await newest()).demand).toEqual(before.demand);
  });

  it("is told to nobody while 图绘 is away, and not after", async () => {
    tuhui.knobs.isDown = true;
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    await shop.say(buyer, "顺便把别人的水印去掉");
    const waiting = await newest();
    expect(waiting.status).toBe("handed_off");
    expect(await last()).toContain("转同事核对");
    await operate(`orders/${waiting.id}/reject`);
    tuhui.knobs.isDown = false;
    await shop.pass(2 * MINUTE_MS);
    const [atTuhui] = tuhui.orders.filter((it) => it.request.image_task_id === waiting.id);

    expect((await newest()).status).toBe("dispatched");
    expect(atTuhui?.request.requirements).toHaveLength(1);
    expect(atTuhui?.supplements).toEqual([]);
  });

  it("that is forbidden leaves a record of its own", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    const order = await newest();
    await shop.say(buyer, "再帮我p个公章上去");
    const [refused] = (await shop.orders(buyer)).filter(({ status }) => status === "rejected");

    expect(refused).toMatchObject({ parent_id: order.id, demand: { words: "再帮我p个公章上去" } });
    expect(refused?.risk_id).not.toBe(order.risk_id);
  });
});

describe("a price of a person's", () => {
  it("settles a doubtful quote: the buyer is told, agrees, and work begins without a second look", async () => {
    isUnreadable = true;
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    expect((await quoteOf(await newest()))?.certificate.status).toBe("needs_review");
    const { status } = await operate(`orders/${(await newest()).id}/price`, { yuan: 80 });
    const quote = await quoteOf(await newest());
    isUnreadable = false;

    expect(status).toBe(200);
    expect(quote?.certificate).toMatchObject({ total_fen: 8000, status: "firm", high_value: true });
    expect(quote === null ? null : verifyQuote(quote.certificate)).toEqual({ ok: true, value: true });
    expect(await last()).toContain("一共 80 元");
    await shop.say(buyer, "可以");
    expect(["delivered", "processing"]).toContain((await newest()).status);
  });

  it("is the least that a later demand costs", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    await operate(`orders/${(await newest()).id}/price`, { yuan: 90 });
    await shop.say(buyer, "再裁成正方形");

    expect((await quoteOf(await newest()))?.certificate.total_fen).toBe(9000);
  });

  it("replaces one that waits for its confirmation, and asks the buyer anew", async () => {
    await shop.say(buyer, "这两张图描成矢量图", [await aPhoto(count), await aPhoto(count + 100)]);
    await shop.say(buyer, "可以");
    expect((await newest()).status).toBe("review");
    await operate(`orders/${(await newest()).id}/price`, { yuan: 60 });

    expect((await newest()).status).toBe("quoted");
    expect(await last()).toContain("一共 60 元");
  });

  it("cannot change what the buyer agreed to", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { status, answer } = await operate(`orders/${(await newest()).id}/price`, { yuan: 60 });

    expect(status).toBe(409);
    expect(JSON.stringify(answer)).toContain("not-open");
  });
});

describe("an order that people have", () => {
  async function broken(): Promise<ImageOrder> {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    tuhui.knobs.isDown = true;
    await shop.say(buyer, "可以");
    return await newest();
  }

  it("is delivered by hand, and its handoffs are closed", async () => {
    const order = await broken();
    const picture = await upload(await aPhoto(900 + count));
    const { status } = await operate(`orders/${order.id}/deliver`, { pictures: [picture] });

    expect(status).toBe(200);
    expect(await newest()).toMatchObject({
      status: "delivered",
      deliveries: [{ file: picture, by: "person" }],
    });
    expect((await shop.handoffs(buyer)).map((handoff) => handoff.status)).toEqual(["returned"]);
    expect(await last()).toContain("做好啦");
  });

  it("that ends while its chat is being taken, lets the chat be given back by the same handoff", async () => {
    const order = await broken();
    const [handoff] = await shop.handoffs(buyer);
    await operate(`orders/${order.id}/deliver`, { pictures: [await upload(await aPhoto(900 + count))] });
    const { conversations } = shop.service.store;
    await conversations.takeOver(order.conversation_id, "阿明");

    expect((await operate(`handoffs/${handoff?.id}/release`)).status).toBe(200);
    expect((await conversations.find(order.conversation_id))?.holder).toBe("bot");
    expect((await operate(`handoffs/${handoff?.id}/release`)).status).toBe(409);
  });

  it("that has ended does not take the chat from who holds it by another handoff", async () => {
    const order = await broken();
    const [first] = await shop.handoffs(buyer);
    await operate(`handoffs/${first?.id}/take`);
    await operate(`handoffs/${first?.id}/release`);
    await shop.say(buyer, "转人工");
    const second = (await shop.handoffs(buyer)).find(({ status }) => status === "queued");
    await operate(`handoffs/${second?.id}/take`, { by: "小红" });

    expect((await operate(`handoffs/${first?.id}/release`)).status).toBe(409);
    expect((await shop.service.store.conversations.find(order.conversation_id))?.holder).toBe("human");
    // Nor does a second person take what 小红 has.
    expect((await operate(`handoffs/${second?.id}/take`, { by: "阿明" })).status).toBe(409);
    expect((await operate(`handoffs/${second?.id}/take`, { by: "小红" })).status).toBe(200);
  });

  it("delivered by hand while a designer has it, is cancelled there", async () => {
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const order = await newest();
    expect(order.status).toBe("dispatched");
    await operate(`orders/${order.id}/deliver`, { pictures: [await upload(await aPhoto(900 + count))] });
    const [atTuhui] = tuhui.orders.filter((it) => it.request.image_task_id === order.id);

    expect((await newest()).status).toBe("delivered");
    expect(atTuhui?.status).toBe("cancelled");
  });

  it("is refused or cancelled, and the buyer is told", async () => {
    const order = await broken();
    expect((await operate(`orders/${order.id}/reject`, { reason: "图太糊了" })).status).toBe(200);
    expect((await newest()).status).toBe("rejected");
    expect(await last()).toContain("图太糊了");
    expect((await operate(`orders/${order.id}/cancel`)).status).toBe(409);
  });

  it("is not delivered with a picture that nobody uploaded", async () => {
    const order = await broken();
    const { status } = await operate(`orders/${order.id}/deliver`, { pictures: ["nothing"] });
    expect(status).toBe(400);
    expect((await newest()).status).toBe("handed_off");
  });

  it("refuses what is no picture", async () => {
    const response = await shop.request("/api/operations/pictures", {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: "hello",
    });
    expect(response.status).toBe(422);
    const form = await shop.request("/api/operations/pictures", { method: "POST", body: new FormData() });
    expect(form.status).toBe(415);
  });
});

describe("a customer on the black list", () => {
  it("is refused until taken off it", async () => {
    await operate(`customers/${buyer}/blacklist`, { platform: "pinduoduo", blacklisted: true });
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    expect((await newest()).status).toBe("rejected");
    await operate(`customers/${buyer}/blacklist`, { platform: "pinduoduo", blacklisted: false });
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    expect((await newest()).status).toBe("quoted");
  });
});

describe("图绘 that never takes an order", () => {
  it("ends with a person, the buyer told, and the work on the list of what was given up", async () => {
    tuhui.knobs.isDown = true;
    await shop.say(buyer, "把这张图描成矢量图", [await aPhoto(count)]);
    await shop.say(buyer, "可以");
    const { id } = await newest();
    for (let tries = 0; tries < 520; tries += 1) await shop.pass(2 * MINUTE_MS);
    const dead = await shop.service.jobs.dead("tuhui-order");

    expect(dead.filter(({ payload }) => (payload as { orderId: string }).orderId === id)).toHaveLength(1);
    expect((await shop.handoffs(buyer)).map(({ reason }) => reason)).toContain("processing_failed");
    expect(await last()).toContain("没能完成");
    const listed = await shop.request("/api/operations/dead-jobs");
    expect(JSON.stringify(await listed.json())).toContain(id);
  });
});
