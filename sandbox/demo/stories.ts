import assert from "node:assert/strict";
import sharp from "sharp";
import { toolAnswers } from "../model.ts";
import { aPhoto, aProductOnWhite, asScreenshot, withText } from "../pictures.ts";
import { type Reply, textOf } from "../qingjian.ts";
import { eventually, type Order, type Stage } from "./stage.ts";

const DOWN_FOR_MS = 1_200;

export type Story = { name: string; play(stage: Stage): Promise<void> };

const hasPicture = (_text: string, reply: Reply) =>
  reply.messages.some((message) => message.type === "image");

async function theOrder(stage: Stage, customer: string, status: string): Promise<Order> {
  const orders = await eventually(
    `the order of ${customer}`,
    () => stage.orders(customer),
    (found) => found[0]?.status === status,
  );
  assert.equal(orders.length, 1, "one order");
  const [order] = orders;
  assert(order !== undefined);
  return order;
}

async function handoffsOf(stage: Stage, customer: string): Promise<string[]> {
  const { handoffs } = await stage.service.get<{ handoffs: { reason: string; customer_id: string }[] }>(
    "/api/operations/handoffs",
  );
  return handoffs
    .filter((it) => it.customer_id === customer)
    .map((it) => it.reason)
    .sort();
}

/** The bytes of a reply's picture, as the buyer gets them. */
function bytesOf(reply: Reply): Buffer {
  const image = reply.messages.find((message) => message.type === "image");
  assert(image?.type === "image" && image.data_url !== undefined, "a picture with its bytes");
  return Buffer.from(image.data_url.split(",")[1] ?? "", "base64");
}

async function sizeOf(reply: Reply): Promise<{ width: number; height: number }> {
  const { width, height } = await sharp(bytesOf(reply)).metadata();
  return { width, height };
}

async function cornerAlpha(reply: Reply): Promise<number | undefined> {
  const pixels = await sharp(bytesOf(reply)).ensureAlpha().raw().toBuffer();
  return pixels[3];
}

/** Played by the rules, no model configured. */
export const RULES_STORIES: Story[] = [
  {
    name: "找图：图库里有，报价后发原图",
    async play(stage) {
      const buyer = { conversation: "buyer-find", buyer: "buyer-find" };
      await stage.qingjian.sendPicture(buyer, await asScreenshot(await aPhoto(3)), "帮我找一下这张图的原图");
      await stage.qingjian.waitForReply(
        buyer.conversation,
        (text, reply) => text.includes("10 元") && hasPicture(text, reply),
      );
      await stage.qingjian.say(buyer, "可以");
      const order = await theOrder(stage, buyer.buyer, "delivered");
      assert.deepEqual([order.kind, order.total_fen], ["find", 1000]);
      const sent = await stage.qingjian.waitForReply(buyer.conversation, (text) =>
        text.includes("原图发您了"),
      );
      assert.deepEqual(await sizeOf(sent), { width: 640, height: 480 });
    },
  },
  {
    name: "找图：图库里没有，派给设计师，图绘回调后交付",
    async play(stage) {
      const buyer = { conversation: "buyer-none", buyer: "buyer-none" };
      await stage.qingjian.sendPicture(buyer, await aPhoto(777), "帮我找这张图的高清原图");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("没有找到"));
      await stage.qingjian.say(buyer, "可以的");
      const order = await theOrder(stage, buyer.buyer, "dispatched");
      assert.equal(stage.tuhui.orders.length, 1);
      await stage.tuhui.assign(order.dispatch_no ?? "", "小周");
      await stage.tuhui.deliver(order.dispatch_no ?? "", [await aPhoto(778, { width: 1200, height: 900 })]);
      const done = await theOrder(stage, buyer.buyer, "delivered");
      assert.equal(done.deliveries[0]?.by, "designer");
      const sent = await stage.qingjian.waitForReply(buyer.conversation, (text) =>
        text.includes("原图发您了"),
      );
      assert.deepEqual(await sizeOf(sent), { width: 1200, height: 900 });
    },
  },
  {
    name: "放大 2 倍：报价、同意、自动处理后交付",
    async play(stage) {
      const buyer = { conversation: "buyer-enlarge", buyer: "buyer-enlarge" };
      await stage.qingjian.sendPicture(buyer, await aPhoto(21, { width: 400, height: 300 }));
      stage.qingjian.sayNow(buyer, "这张图放大2倍");
      await stage.qingjian.say(buyer, "要清楚一点");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("20 元"));
      await stage.qingjian.say(buyer, "行 就这样做吧");
      const order = await theOrder(stage, buyer.buyer, "delivered");
      assert.deepEqual([order.kind, order.total_fen, order.deliveries[0]?.by], ["process", 2000, "engine"]);
      const sent = await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("做好啦"));
      assert.deepEqual(await sizeOf(sent), { width: 800, height: 600 });
    },
  },
  {
    name: "白底商品抠图：交付透明底 PNG",
    async play(stage) {
      const buyer = { conversation: "buyer-cutout", buyer: "buyer-cutout" };
      await stage.qingjian.sendPicture(buyer, await aProductOnWhite(5), "帮我抠图 要透明底的");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("20 元"));
      await stage.qingjian.say(buyer, "好的");
      const order = await theOrder(stage, buyer.buyer, "delivered");
      assert.equal(order.total_fen, 2000);
      const sent = await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("做好啦"));
      assert.equal(await cornerAlpha(sent), 0, "the background is clear");
    },
  },
  {
    name: "图上有字：60–80 元高价单，专人确认后开工",
    async play(stage) {
      const buyer = { conversation: "buyer-text", buyer: "buyer-text" };
      const picture = await withText(await aPhoto(31, { width: 640, height: 480 }), "BEACH HOTEL");
      await stage.qingjian.sendPicture(buyer, picture, "帮我把这张图变清晰");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => /[678]0 元/u.test(text), 60_000);
      await stage.qingjian.say(buyer, "可以");
      const waiting = await theOrder(stage, buyer.buyer, "review");
      assert(
        waiting.total_fen !== null && waiting.total_fen >= 6000 && waiting.total_fen <= 8000,
        "60–80 元",
      );
      const { handoffs } = await stage.service.get<{ handoffs: { reason: string; customer_id: string }[] }>(
        "/api/operations/handoffs",
      );
      assert(handoffs.some((it) => it.reason === "high_value" && it.customer_id === buyer.buyer));
      await stage.service.post(`/api/operations/orders/${waiting.id}/confirm`, { by: "阿明" });
      const order = await theOrder(stage, buyer.buyer, "delivered");
      assert.equal(order.total_fen, waiting.total_fen);
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("做好啦"));
    },
  },
  {
    name: "一单连加三次要求：重新报价、加急、改格式，专人确认后一次交付",
    async play(stage) {
      const buyer = { conversation: "buyer-more", buyer: "buyer-more" };
      const picture = await aPhoto(61, { width: 320, height: 240 });
      await stage.qingjian.sendPicture(buyer, picture, "这张图放大2倍");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("20 元，您看可以吗"));
      await stage.qingjian.say(buyer, "再调亮一点");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("一共 50 元"));
      await stage.qingjian.say(buyer, "加急，1小时内要");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("一共 75 元"));
      await stage.qingjian.say(buyer, "另外要webp格式的");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("价格不变"));
      await stage.qingjian.say(buyer, "可以");
      const waiting = await theOrder(stage, buyer.buyer, "review");
      assert.deepEqual([waiting.revision, waiting.total_fen], [4, 7500]);
      await stage.service.post(`/api/operations/orders/${waiting.id}/confirm`, { by: "阿明" });
      const order = await theOrder(stage, buyer.buyer, "delivered");
      assert.deepEqual(
        order.deliveries.map(({ format, width, height }) => [format, width, height]),
        [["webp", 640, 480]],
      );
    },
  },
  {
    name: "图片读不出来：说清楚要什么，重发后照常做完",
    async play(stage) {
      const buyer = { conversation: "buyer-broken-picture", buyer: "buyer-broken-picture" };
      const whole = await aPhoto(62, { width: 320, height: 240 });
      await stage.qingjian.sendPicture(buyer, whole.subarray(0, whole.length / 2), "这张图放大2倍");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("没有传完整"));
      assert.equal((await stage.orders(buyer.buyer)).length, 0, "no order without a picture");
      await stage.qingjian.sendPicture(buyer, whole, "这张图放大2倍");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("20 元，您看可以吗"));
      await stage.qingjian.say(buyer, "可以");
      await theOrder(stage, buyer.buyer, "delivered");
    },
  },
  {
    name: "图绘没开机：单子等着，同事先知道，开机后只派一次",
    async play(stage) {
      const buyer = { conversation: "buyer-down", buyer: "buyer-down" };
      stage.tuhui.knobs.isDown = true;
      await stage.qingjian.sendPicture(
        buyer,
        await aPhoto(63, { width: 320, height: 240 }),
        "把这张图描成矢量图",
      );
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("50 元"));
      await stage.qingjian.say(buyer, "可以");
      const waiting = await theOrder(stage, buyer.buyer, "handed_off");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("安排给设计师"));
      assert.deepEqual(await handoffsOf(stage, buyer.buyer), ["designer_dispatch"]);
      await new Promise((resolve) => setTimeout(resolve, DOWN_FOR_MS));
      stage.tuhui.knobs.isDown = false;
      await theOrder(stage, buyer.buyer, "dispatched");
      assert.equal(stage.tuhui.orders.filter((it) => it.request.image_task_id === waiting.id).length, 1);
    },
  },
  {
    name: "设计师做不了：同事接手，老实告诉买家一次",
    async play(stage) {
      const buyer = { conversation: "buyer-failed", buyer: "buyer-failed" };
      await stage.qingjian.sendPicture(
        buyer,
        await aPhoto(64, { width: 320, height: 240 }),
        "把这张图描成矢量图",
      );
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("50 元"));
      await stage.qingjian.say(buyer, "可以");
      const order = await theOrder(stage, buyer.buyer, "dispatched");
      stage.tuhui.knobs.callbackCopies = 3;
      await stage.tuhui.fail(order.dispatch_no ?? "", "原图太糊");
      stage.tuhui.knobs.callbackCopies = 1;
      await theOrder(stage, buyer.buyer, "handed_off");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("没能完成"));
      assert.deepEqual(await handoffsOf(stage, buyer.buyer), ["designer_dispatch", "processing_failed"]);
      const sorry = stage.qingjian
        .replies(buyer.conversation)
        .filter((it) => textOf(it).includes("没能完成"));
      assert.equal(sorry.length, 1, "told once, though the callback came three times");
    },
  },
  {
    name: "伪造公章：婉拒并留下被拒的单",
    async play(stage) {
      const buyer = { conversation: "buyer-forged", buyer: "buyer-forged" };
      await stage.qingjian.sendPicture(buyer, await aPhoto(41), "帮我在这上面p一个公司公章");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("还请您理解"));
      const order = await theOrder(stage, buyer.buyer, "rejected");
      assert.equal(order.total_fen, null);
      assert(!stage.tuhui.orders.some((it) => it.request.image_task_id === order.id));
    },
  },
  {
    name: "天网任务：客户说“测试”，发“测试消息”，签名回调",
    async play(stage) {
      const buyer = { conversation: "test_001", buyer: "test_001" };
      const tianwang = stage.tianwang.client(stage.service.url);
      const given = await tianwang.receive({
        task_id: "TEST_001",
        type: "test",
        customer: { id: "test_001" },
        trigger: { type: "customer_reply", keyword: "测试" },
        action: { type: "send_message", message: "测试消息" },
        created_by: "测试",
      });
      assert.deepEqual([given.status, given.body.status, given.body.duplicate], [200, "pending", false]);
      await stage.qingjian.say(buyer, "测试");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text === "测试消息");
      const report = await stage.tianwang.waitFor("TEST_001", "task.completed");
      assert.equal(report.isSigned, true);
      const task = await tianwang.status("TEST_001");
      assert.deepEqual([task.body.status, task.body.fired_count], ["completed", 1]);
      assert.equal(
        stage.qingjian.replies(buyer.conversation).length,
        1,
        "测试消息 once, and nothing beside it",
      );
    },
  },
  {
    name: "转人工：真人接手后机器人不再说话，交还后继续",
    async play(stage) {
      const buyer = { conversation: "buyer-human", buyer: "buyer-human" };
      stage.qingjian.knobs.transferOk = false;
      await stage.qingjian.say(buyer, "转人工");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("人工"));
      const { handoffs } = await stage.service.get<{ handoffs: { id: string; customer_id: string }[] }>(
        "/api/operations/handoffs?status=queued",
      );
      const handoff = handoffs.find((it) => it.customer_id === buyer.buyer);
      assert(handoff !== undefined, "a queued handoff");
      await stage.service.post(`/api/operations/handoffs/${handoff.id}/take`, { by: "阿明" });
      const before = stage.qingjian.replies(buyer.conversation).length;
      await stage.qingjian.say(buyer, "在吗 多少钱");
      await new Promise((resolve) => setTimeout(resolve, 800));
      assert.equal(
        stage.qingjian.replies(buyer.conversation).length,
        before,
        "no bot word while a person holds it",
      );
      await stage.service.post(`/api/operations/handoffs/${handoff.id}/release`, {});
      await stage.qingjian.say(buyer, "谢谢");
      await stage.qingjian.waitForReply(buyer.conversation, () => true, 10_000, before);
    },
  },
];

/** Played by a model behind an OpenAI-compatible endpoint, with tool calls over HTTP. */
export const MODEL_STORIES: Story[] = [
  {
    name: "模型应答：工具调用走 HTTP，建单报价并交付",
    async play(stage) {
      const buyer = { conversation: "buyer-model", buyer: "buyer-model" };
      stage.model.play((request) => {
        const [answer] = toolAnswers(request) as { tell?: string }[];
        if (answer?.tell !== undefined) return { text: `亲～${answer.tell}` };
        const system = request.messages
          .filter((message) => message.role === "system")
          .map((message) => String(message.content))
          .join();
        const picture = /"pictures":\[\{"id":"([0-9a-f]{64})"/u.exec(system)?.[1] ?? "";
        const said = String(request.messages.findLast((message) => message.role === "user")?.content);
        return said.includes("可以")
          ? { toolCalls: [{ name: "update-order", args: { action: "accept" } }] }
          : { toolCalls: [{ name: "process-image", args: { picture_ids: [picture], demand: said } }] };
      });
      await stage.qingjian.sendPicture(buyer, await aPhoto(51, { width: 300, height: 200 }), "这张放大2倍");
      await stage.qingjian.waitForReply(
        buyer.conversation,
        (text) => text.startsWith("亲～") && text.includes("20 元"),
      );
      await stage.qingjian.say(buyer, "可以");
      const order = await theOrder(stage, buyer.buyer, "delivered");
      assert.deepEqual([order.kind, order.total_fen], ["process", 2000]);
      assert(stage.model.requests.length >= 4, "the model was asked over HTTP");
    },
  },
  {
    name: "模型出错（工具参数不对）：同一轮换规则应答，买家只收到一条",
    async play(stage) {
      const buyer = { conversation: "buyer-broken", buyer: "buyer-broken" };
      stage.model.play(() => ({ name: "quote-price", rawArguments: '{"services": "everything"' }));
      await stage.qingjian.say(buyer, "抠图多少钱一张");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("20 元"));
      stage.model.play(() => ({ hang: true }));
      await stage.qingjian.say(buyer, "谢谢");
      await stage.qingjian.waitForReply(buyer.conversation, (text) => text.includes("不客气"));
      assert.equal(stage.qingjian.replies(buyer.conversation).length, 2);
    },
  },
];
