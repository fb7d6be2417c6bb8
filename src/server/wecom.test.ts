import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { queueDelivery } from "../domain/conversations/notify-buyer.ts";
import { aServiceAtWecom, type ServiceAtWecom } from "../testing/running-wecom.ts";

let at: ServiceAtWecom;

beforeEach(async () => {
  at = await aServiceAtWecom();
});
afterEach(() => at.stop());

const QUESTION = "VPN 拨号报错 691 怎么办";
const textOf = (it: unknown) => (it as { text?: string }).text ?? "";

async function aPicture(): Promise<Uint8Array> {
  return await sharp({ create: { width: 320, height: 200, channels: 3, background: "#3366cc" } })
    .png()
    .toBuffer();
}

describe("a self-built app", () => {
  it("answers the verification of its address, and nobody else's callback", async () => {
    expect((await at.wecom.verifyUrl()).isVerified).toBe(true);
    expect((await at.wecom.verifyKfUrl()).isVerified).toBe(true);
    const forged = await fetch(`${at.url}/wecom/app?msg_signature=00&timestamp=1&nonce=2`, {
      method: "POST",
      body: "<xml><Encrypt>AAAA</Encrypt></xml>",
    });
    expect(forged.status).toBe(403);
    const nonsense = await fetch(`${at.url}/wecom/app`, { method: "POST", body: "hello" });
    expect(nonsense.status).toBe(400);
  });

  it("answers from the knowledge, with the passage's source", async () => {
    const { tries } = await at.wecom.say({ userid: "zhangsan", text: QUESTION });
    expect(tries).toEqual([{ status: 200, body: "" }]);
    const shown = await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text");
    expect(textOf(shown)).toContain("（来源：");
  });

  it("answers once what comes twice at the same moment, and again what is asked again", async () => {
    at.wecom.faults.push({ endpoint: "callback", kind: "duplicate", times: 1 });
    await at.wecom.say({ userid: "zhangsan", text: QUESTION });
    await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text");
    await at.service.jobs.idle();
    expect(at.wecom.shown("zhangsan")).toHaveLength(1);

    await at.wecom.say({ userid: "zhangsan", text: QUESTION });
    await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text", 5_000, 1);
    expect(at.wecom.shown("zhangsan")).toHaveLength(2);
  });

  it("fetches one token for many at once, and another when 企业微信 ends it", async () => {
    await Promise.all(["zhangsan", "lisi", "wangwu"].map((userid) => at.wecom.say({ userid, text: "你好" })));
    await Promise.all(
      ["zhangsan", "lisi", "wangwu"].map((who) => at.wecom.waitForShown(who, ({ type }) => type === "text")),
    );
    expect(at.wecom.countCalls("gettoken")).toBe(1);

    at.wecom.revokeTokens();
    await at.wecom.say({ userid: "zhangsan", text: "在吗" });
    await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text", 5_000, 1);
    expect(at.wecom.countCalls("gettoken")).toBe(2);
  });

  it("shows a reply once whose answer was lost on the way", async () => {
    at.wecom.faults.push({ endpoint: "message/send", kind: "answer-lost", times: 2 });
    await at.wecom.say({ userid: "zhangsan", text: QUESTION });
    await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text");
    await expect.poll(() => at.wecom.countCalls("message/send"), { timeout: 8_000 }).toBe(3);
    await at.service.jobs.idle();
    expect(at.wecom.shown("zhangsan")).toHaveLength(1);
  });

  it("takes a picture by its media id, and by its address when that is refused", async () => {
    for (const faults of [[], [{ endpoint: "media/get", kind: 40007 as const, times: 1 }]]) {
      at.wecom.faults.push(...faults);
      const known = at.wecom.shown("zhangsan").length;
      await at.wecom.say({ userid: "zhangsan", image: await aPicture() });
      const shown = await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text", 5_000, known);
      expect(textOf(shown)).toContain("图片收到了");
    }
    expect(at.wecom.countCalls("media/get")).toBe(2);
  });

  it("asks again for a picture when 企业微信 is busy", async () => {
    at.wecom.faults.push({ endpoint: "media/get", kind: -1, times: 1 });
    await at.wecom.say({ userid: "zhangsan", image: await aPicture() });
    const shown = await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text");
    expect(textOf(shown)).toContain("图片收到了");
  });

  it("is not kept up by a stranger's XML", async () => {
    const began = performance.now();
    const { status } = await fetch(`${at.url}/wecom/app?msg_signature=00&timestamp=1&nonce=2`, {
      method: "POST",
      body: "<a>".repeat(80_000),
    });
    expect(status).toBe(400);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("says so when it cannot listen or look", async () => {
    const voice = Buffer.from("#!AMR\n\x3c------------", "latin1");
    await at.wecom.say({ userid: "zhangsan", voice });
    const shown = await at.wecom.waitForShown("zhangsan", ({ type }) => type === "text");
    expect(textOf(shown)).toBe("这条语音没有听清，麻烦打字说一下。");
  });
});

describe("a handoff", () => {
  async function askForAPerson(): Promise<string> {
    await at.wecom.say({ userid: "zhangsan", text: "转人工" });
    const card = await at.wecom.waitForShown("lisi", ({ type }) => type === "card");
    return (card as unknown as { card: { task_id: string } }).card.task_id;
  }
  const keyOf = (taskId: string) => taskId.replace("-", ":");

  it("comes as a card; who presses first has the conversation, and gives it back by another", async () => {
    const taskId = await askForAPerson();
    await at.wecom.clickCard({ userid: "lisi", taskId, key: keyOf(taskId) });
    const buttonOf = (who: string) => (at.wecom.shown(who)[0] as unknown as { button: string | null }).button;
    await expect.poll(() => buttonOf("lisi")).toBe("lisi 已接手");
    const [held] = await at.service.store.conversations.list({ holder: "human", limit: 5 });
    expect(held).toMatchObject({ customer_id: "zhangsan", held_by: "lisi" });

    await at.wecom.clickCard({ userid: "wangwu", taskId, key: keyOf(taskId) });
    await expect.poll(() => buttonOf("wangwu")).toBe("lisi 已接手");
    const known = at.wecom.shown("zhangsan").length;
    await at.wecom.say({ userid: "zhangsan", text: QUESTION });
    await at.service.jobs.idle();
    expect(at.wecom.shown("zhangsan")).toHaveLength(known);

    const done = await at.wecom.waitForShown("lisi", ({ type }) => type === "card", 5_000, 1);
    const doneId = (done as unknown as { card: { task_id: string } }).card.task_id;
    await at.wecom.clickCard({ userid: "lisi", taskId: doneId, key: keyOf(doneId) });
    await expect
      .poll(async () => (await at.service.store.conversations.list({ holder: "human", limit: 5 })).length)
      .toBe(0);
  });

  it("gives who took it the card back also when that has to be sent again", async () => {
    const taskId = await askForAPerson();
    at.wecom.faults.push({ endpoint: "message/send", kind: -1, times: 1 });
    await at.wecom.clickCard({ userid: "lisi", taskId, key: keyOf(taskId) });
    await at.wecom.waitForShown("lisi", ({ type }) => type === "card", 10_000, 1);
    expect(at.wecom.shown("lisi")).toHaveLength(2);
  });

  it("is not for whoever was never asked", async () => {
    const taskId = await askForAPerson();
    await at.wecom.say({
      userid: "zhangsan",
      event: "template_card_event",
      eventKey: keyOf(taskId),
      fields: { TaskId: taskId, CardType: "button_interaction", ResponseCode: "rc" },
    });
    await at.service.jobs.idle();
    expect(await at.service.store.conversations.list({ holder: "human", limit: 5 })).toEqual([]);
  });
});

describe("微信客服", () => {
  const who = { externalUserid: "wm0001" };

  it("greets who comes in, answers, and knows them by their name", async () => {
    await at.wecom.kfEnter(who);
    await at.wecom.waitForShown("wm0001", ({ via }) => via === "kf-event");
    await at.wecom.kfSay({ ...who, text: QUESTION });
    const shown = await at.wecom.waitForShown("wm0001", ({ via }) => via === "kf");
    expect(textOf(shown)).toContain("（来源：");
    const [talk] = await at.service.store.conversations.list({ limit: 5 });
    expect(talk).toMatchObject({ channel: "wecom-kf", customer_name: "小李", shop_id: "wk0001" });
  });

  it("passes a customer to its people, is silent while they talk, and speaks again after the end", async () => {
    await at.wecom.kfSay({ ...who, text: "转人工" });
    await expect.poll(() => at.wecom.kfSession({ ...who }).state, { timeout: 5_000 }).toBe(2);
    await at.wecom.servicerChanges({ ...who, changeType: 1, servicerUserid: "lisi" });
    await at.wecom.servicerSays({ ...who, servicerUserid: "lisi", text: "您好，我是李四" });
    await at.wecom.kfSay({ ...who, text: QUESTION });
    await expect
      .poll(async () => (await at.service.store.conversations.list({ holder: "human", limit: 5 })).length)
      .toBe(1);
    await at.service.jobs.idle();
    const bots = () => at.wecom.shown("wm0001").filter(({ via }) => via === "kf").length;
    const known = bots();

    await at.wecom.servicerChanges({ ...who, changeType: 3, servicerUserid: "lisi" });
    await at.wecom.kfSay({ ...who, text: "你好" });
    await expect.poll(bots, { timeout: 5_000 }).toBe(known + 1);
  });

  it("does not answer who is with its people, whatever is given back here", async () => {
    await at.wecom.kfSay({ ...who, text: "转人工" });
    await expect.poll(() => at.wecom.kfSession({ ...who }).state, { timeout: 5_000 }).toBe(2);
    const held = async () => (await at.service.store.conversations.list({ holder: "human", limit: 5 }))[0];
    await expect.poll(async () => (await held())?.id).toBeDefined();
    await at.service.takeover.release((await held())?.id ?? "");
    await at.wecom.kfSay({ ...who, text: QUESTION });
    await expect.poll(async () => (await held())?.id, { timeout: 5_000 }).toBeDefined();
    expect(await at.service.store.messages.listOutbound("failed", 5)).toEqual([]);
  });

  it("notes what 企业微信 took and did not deliver", async () => {
    at.wecom.knobs.kfSending.failTypes.push(5);
    await at.wecom.kfSay({ ...who, text: "你好" });
    await expect.poll(async () => (await at.service.store.messages.listOutbound("sent", 5)).length).toBe(1);
    // The failure comes with the next ring.
    await at.wecom.kfSay({ ...who, text: "在吗" });
    await expect
      .poll(async () => await at.service.store.messages.listOutbound("failed", 5))
      .toMatchObject([{ error: "wecom-kf-fail-5" }]);
  });

  it("goes on with less when its token is refused", async () => {
    at.wecom.faults.push({ endpoint: "kf/sync_msg", kind: 40058, times: 1 });
    await at.wecom.kfSay({ ...who, text: "你好" });
    await at.wecom.waitForShown("wm0001", ({ via }) => via === "kf");
  });
});

describe("智能机器人", () => {
  it("says all of an answer whose acks are slow", async () => {
    await expect.poll(() => at.wecom.isBotConnected(), { timeout: 5_000 }).toBe(true);
    at.wecom.botSay({ userid: "zhangsan", text: "你好" });
    await at.wecom.waitForBotShown("zhangsan", (it) => it.type === "stream" && it.isFinished);
    const [talk] = await at.service.store.conversations.list({ limit: 1 });
    at.wecom.faults.push({ endpoint: "aibot_send_msg", kind: "slow", ms: 400, times: 3 });
    await at.service.store.transaction(async (tx) => {
      await tx.messages.addOutbound({
        id: "m_three",
        conversationId: talk?.id ?? "",
        author: "bot",
        parts: ["一", "二", "三"].map((text) => ({ type: "text", text })),
        fence: talk?.fence ?? 0,
        at: Date.now(),
      });
      await queueDelivery(tx, talk?.id ?? "");
    });
    await at.wecom.waitForBotShown("zhangsan", (it) => textOf(it) === "三", 10_000);
    await expect.poll(async () => (await at.service.store.messages.find("m_three"))?.status).toBe("sent");
    expect(at.wecom.botShown("zhangsan").slice(1).map(textOf)).toEqual(["一", "二", "三"]);
  });

  const subscribed = () => at.wecom.botFrames.filter(({ cmd }) => cmd === "aibot_subscribe").length;

  beforeEach(async () => {
    await expect.poll(() => at.wecom.isBotConnected(), { timeout: 5_000 }).toBe(true);
  });

  it("answers as the stream of the question, alone and in a group where it is called by name", async () => {
    at.wecom.botSay({ userid: "zhangsan", text: QUESTION });
    const shown = await at.wecom.waitForBotShown("zhangsan", (it) => it.type === "stream" && it.isFinished);
    expect(textOf(shown)).toContain("（来源：");
    expect(shown).toMatchObject({ via: "reply" });
    at.wecom.botSay({ userid: "lisi", chatid: "group1", text: QUESTION });
    const inGroup = await at.wecom.waitForBotShown("group1", (it) => it.type === "stream" && it.isFinished);
    expect(textOf(inGroup)).toContain("（来源：");
    const talks = await at.service.store.conversations.list({ limit: 5 });
    expect(talks.map(({ external_id }) => external_id).sort()).toEqual(["group1|lisi", "zhangsan"]);
  });

  it("greets who opens it, and takes a picture with words", async () => {
    at.wecom.botEvent({ userid: "zhangsan", eventtype: "enter_chat" });
    await at.wecom.waitForBotShown("zhangsan", ({ via }) => via === "welcome");
    at.wecom.botSay({ userid: "zhangsan", image: await aPicture() });
    const shown = await at.wecom.waitForBotShown("zhangsan", (it) => it.type === "stream" && it.isFinished);
    expect(textOf(shown)).toContain("图片收到了");
  });

  it("comes back after a loss and says then what it could not say, and never twice what nobody confirmed", async () => {
    const isShown = (question: string) => (it: { type: string }) =>
      it.type === "stream" && "isFinished" in it && it.isFinished === true && textOf(it).includes(question);
    // The thinking, and then the answer whose connection breaks before its ack.
    at.wecom.faults.push({ endpoint: "aibot_respond_msg", kind: "cut", times: 1 });
    at.wecom.botSay({ userid: "zhangsan", text: QUESTION });
    await at.wecom.waitForBotShown("zhangsan", isShown("（来源："), 10_000);
    expect(subscribed()).toBe(2);
    await at.service.jobs.idle();
    expect(at.wecom.botShown("zhangsan")).toHaveLength(1);
  });

  it("leaves the bot to whoever connects after us", async () => {
    const { WebSocket } = await import("ws");
    const other = new WebSocket(at.wecom.wsUrl);
    await new Promise((resolve) => other.once("open", resolve));
    const body = { bot_id: "bot-01", secret: "bot-secret" };
    other.send(JSON.stringify({ cmd: "aibot_subscribe", headers: { req_id: "r1" }, body }));
    await expect.poll(() => at.service.wecom.isBotReady?.()).toBe(false);
    const known = subscribed();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(subscribed()).toBe(known);
    other.terminate();
  });
});
