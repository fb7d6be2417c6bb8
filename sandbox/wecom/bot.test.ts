import { createHash } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { decryptBytes } from "./crypto.ts";
import { startWecom } from "./server.ts";
import type { Json } from "./wire.ts";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n----", "latin1");
const MINUTE_MS = 60_000;

const frameSchema = z.looseObject({
  cmd: z.string().optional(),
  headers: z.object({ req_id: z.string() }),
  errcode: z.number().optional(),
  body: z.record(z.string(), z.unknown()).default({}),
});
type Frame = z.infer<typeof frameSchema>;
type Connection = Awaited<ReturnType<typeof connect>>;

let clockMs: number;
let wecom: Awaited<ReturnType<typeof startWecom>>;
let sockets: WebSocket[];

beforeEach(async () => {
  clockMs = 1_760_000_000_000;
  sockets = [];
  wecom = await startWecom({ now: () => clockMs });
});
afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await wecom.close();
});

async function connect() {
  const socket = new WebSocket(wecom.wsUrl);
  const frames: Frame[] = [];
  sockets.push(socket);
  socket.on("message", (data) => frames.push(frameSchema.parse(JSON.parse(data.toString()))));
  await once(socket, "open");

  async function next(fits: (frame: Frame) => boolean, after = 0): Promise<Frame> {
    for (;;) {
      const found = frames.slice(after).find(fits);
      if (found !== undefined) return found;
      await once(socket, "message");
    }
  }
  /** Sends a frame and waits for its ack. */
  async function ask(cmd: string, reqId: string, body: Json = {}): Promise<Frame> {
    const known = frames.length;
    socket.send(JSON.stringify({ cmd, headers: { req_id: reqId }, body }));
    return await next((it) => it.cmd === undefined && it.headers.req_id === reqId, known);
  }
  return { socket, frames, next, ask };
}

async function subscribed(): Promise<Connection> {
  const bot = await connect();
  expect(await subscribe(bot)).toMatchObject({ errcode: 0 });
  return bot;
}

const subscribe = (bot: Connection, secret = "bot-secret") =>
  bot.ask("aibot_subscribe", "sub", { bot_id: "bot-01", secret });
const stream = (bot: Connection, reqId: string, content: string, finish = false) =>
  bot.ask("aibot_respond_msg", reqId, { msgtype: "stream", stream: { id: "st-01", finish, content } });

describe("a bot's connection", () => {
  it("stays open after a bad secret, which is answered 853000", async () => {
    const bot = await connect();

    expect(await subscribe(bot, "wrong")).toMatchObject({ errcode: 853000 });
    expect(await bot.ask("aibot_send_msg", "r1")).toMatchObject({ errcode: 846609 });
    expect(await bot.ask("ping", "p1")).toMatchObject({ errcode: 0 });
    expect(await subscribe(bot)).toMatchObject({ errcode: 0 });
  });

  it("is told and closed when a newer one subscribes", async () => {
    const older = await subscribed();
    const newer = await connect();
    const closed = once(older.socket, "close");

    await subscribe(newer);
    await closed;

    expect(older.frames.at(-1)).toMatchObject({
      cmd: "aibot_event_callback",
      body: { msgtype: "event", event: { eventtype: "disconnected_event" } },
    });
    expect(wecom.botSay({ userid: "lisi", text: "hi" }).isDelivered).toBe(true);
    await newer.next((it) => it.cmd === "aibot_msg_callback");
  });

  it("is cut after the work, or gets no ack, when the test orders it", async () => {
    const bot = await subscribed();
    const { reqId } = wecom.botSay({ userid: "lisi", text: "hi" });
    wecom.faults.push({ endpoint: "aibot_respond_msg", times: 1, kind: "ack-withheld" });
    wecom.faults.push({ endpoint: "aibot_respond_msg", times: 1, kind: "answer-lost" });
    const frame = { cmd: "aibot_respond_msg", headers: { req_id: reqId } };
    const closed = once(bot.socket, "close");

    for (const content of ["一", "一二"])
      bot.socket.send(
        JSON.stringify({ ...frame, body: { msgtype: "stream", stream: { id: "s", content } } }),
      );
    await closed;

    expect(wecom.botShown("lisi")).toMatchObject([{ text: "一二" }]);
    expect(bot.frames.filter(({ headers }) => headers.req_id === reqId)).toHaveLength(1);
    expect(wecom.isBotConnected()).toBe(false);
  });
});

describe("a bot's answers", () => {
  it("show the newest text of a stream as a whole, and take nothing more when it has finished", async () => {
    const bot = await subscribed();
    const { reqId } = wecom.botSay({ userid: "lisi", text: "打印机" });

    await stream(bot, reqId, "正在查");
    await stream(bot, reqId, "正在查询保修期");
    const during = structuredClone(wecom.botShown("lisi"));
    await stream(bot, reqId, "还在保修", true);

    expect(during).toMatchObject([{ text: "正在查询保修期", isFinished: false }]);
    expect(wecom.botShown("lisi")).toMatchObject([
      { type: "stream", text: "还在保修", isFinished: true, frames: [{}, {}, { finish: true }] },
    ]);
    expect(await stream(bot, reqId, "还在保修", true)).toMatchObject({ errcode: 0 });
    expect(await stream(bot, reqId, "又来")).toMatchObject({ errcode: 846608 });
  });

  it("are refused under a req_id that no message had, and when the stream is older than six minutes", async () => {
    const bot = await subscribed();
    const { reqId } = wecom.botSay({ userid: "lisi", text: "hi" });
    const enter = wecom.botEvent({ userid: "lisi", eventtype: "enter_chat" });

    expect(await stream(bot, "made-up", "?")).toMatchObject({ errcode: 846605 });
    expect(await stream(bot, enter.reqId, "?")).toMatchObject({ errcode: 846605 });
    await stream(bot, reqId, "一");
    clockMs += 6 * MINUTE_MS;
    expect(await stream(bot, reqId, "一二")).toMatchObject({ errcode: 846608 });
  });

  it("welcome once within five seconds, and go unasked only to who wrote before", async () => {
    const bot = await subscribed();
    const welcome = (reqId: string) =>
      bot.ask("aibot_respond_welcome_msg", reqId, { msgtype: "text", text: { content: "您好" } });
    const push = (chatid: string) =>
      bot.ask("aibot_send_msg", `push-${chatid}`, {
        chatid,
        msgtype: "markdown",
        markdown: { content: "好了" },
      });
    const first = wecom.botEvent({ userid: "lisi", eventtype: "enter_chat" });

    expect(await welcome(first.reqId)).toMatchObject({ errcode: 0 });
    expect(await welcome(first.reqId)).toMatchObject({ errcode: 846605 });
    const second = wecom.botEvent({ userid: "lisi", eventtype: "enter_chat" });
    clockMs += 5000;
    expect(await welcome(second.reqId)).toMatchObject({ errcode: 846605 });
    expect(await push("lisi")).toMatchObject({ errcode: 0 });
    expect((await push("wangwu")).errcode).not.toBe(0);
    expect(wecom.botShown("lisi")).toMatchObject([{ via: "welcome" }, { via: "push", text: "好了" }]);
  });

  it("change a card that was pressed", async () => {
    const bot = await subscribed();
    const { reqId } = wecom.botSay({ userid: "lisi", text: "转人工" });
    const card = (text: string) => ({
      card_type: "button_interaction",
      task_id: "t-1",
      button_list: [{ text, key: "claim" }],
    });
    await bot.ask("aibot_respond_msg", reqId, { msgtype: "template_card", template_card: card("我来接") });

    const fields = { task_id: "t-1", event_key: "claim", card_type: "button_interaction" };
    const click = wecom.botEvent({ userid: "lisi", eventtype: "template_card_event", fields });
    const template_card = card("已接");
    const update = { response_type: "update_template_card", template_card };

    expect(await bot.ask("aibot_respond_update_msg", reqId, update)).toMatchObject({ errcode: 846605 });
    expect(await bot.ask("aibot_respond_update_msg", click.reqId, update)).toMatchObject({ errcode: 0 });
    expect(wecom.botShown("lisi")).toMatchObject([{ type: "card", card: template_card }]);
  });

  it("carry a file that came in pieces counted from 0, in any order, with the right md5", async () => {
    const bot = await subscribed();
    const { reqId } = wecom.botSay({ userid: "lisi", text: "图" });
    const md5 = createHash("md5").update(PNG).digest("hex");
    const head = { type: "image", filename: "a.png", total_size: PNG.length, total_chunks: 2 };
    const start = async (sum: string) =>
      String((await bot.ask("aibot_upload_media_init", "i", { ...head, md5: sum })).body.upload_id);
    const chunk = (upload_id: string, chunk_index: number) => {
      const base64_data = PNG.subarray(chunk_index * 6, chunk_index * 6 + 6).toString("base64");
      return bot.ask("aibot_upload_media_chunk", "c", { upload_id, chunk_index, base64_data });
    };
    const finish = (upload_id: string) => bot.ask("aibot_upload_media_finish", "f", { upload_id });
    const [good, bad] = [await start(md5), await start("0".repeat(32))];

    expect((await chunk(good, 2)).errcode).not.toBe(0);
    expect((await finish(good)).errcode).not.toBe(0);
    for (const place of [1, 0, 1]) expect(await chunk(good, place)).toMatchObject({ errcode: 0 });
    for (const place of [0, 1]) await chunk(bad, place);
    expect((await finish(bad)).errcode).not.toBe(0);
    const { media_id } = (await finish(good)).body;
    const reply = { msgtype: "image", image: { media_id } };
    expect(await bot.ask("aibot_respond_msg", reqId, reply)).toMatchObject({ errcode: 0 });
    expect(wecom.botShown("lisi")).toMatchObject([{ type: "image", filename: "a.png" }]);
  });
});

describe("what a member writes to a bot", () => {
  it("comes from a group with the bot's name, and with a picture under a key of its own", async () => {
    const bot = await subscribed();
    wecom.botSay({ userid: "lisi", chatid: "g1", text: "看图", image: PNG });

    const { body } = await bot.next((it) => it.cmd === "aibot_msg_callback");

    expect(body).toMatchObject({
      chattype: "group",
      chatid: "g1",
      msgtype: "mixed",
      from: { userid: "lisi" },
    });
    const [text, picture] = (body.mixed as { msg_item: Json[] }).msg_item;
    expect(text).toEqual({ msgtype: "text", text: { content: "@小天 看图" } });
    const { url, aeskey } = z.object({ url: z.string(), aeskey: z.string() }).parse(picture?.image);
    const encrypted = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(decryptBytes(Buffer.from(aeskey, "base64"), encrypted)).toEqual(PNG);
    clockMs += 5 * MINUTE_MS;
    expect((await fetch(url)).status).toBe(404);
  });

  it("comes twice with one msgid and two req_ids when the test orders it", async () => {
    const bot = await subscribed();
    wecom.faults.push({ endpoint: "aibot_msg_callback", times: 1, kind: "duplicate" });

    const { msgid, reqIds } = wecom.botSay({ userid: "lisi", text: "hi" });
    await bot.next((it) => it.headers.req_id === reqIds[1]);

    const came = bot.frames.filter((it) => it.cmd === "aibot_msg_callback");
    expect(came.map(({ body }) => body.msgid)).toEqual([msgid, msgid]);
    expect(new Set(reqIds).size).toBe(2);
  });

  it("may be answered once by its response_url", async () => {
    const bot = await subscribed();
    wecom.botSay({ userid: "lisi", text: "hi" });
    const { body } = await bot.next((it) => it.cmd === "aibot_msg_callback");
    const answer = async () => {
      const reply = { msgtype: "markdown", markdown: { content: "晚了些" } };
      const init = { method: "POST", body: JSON.stringify(reply) };
      return (await (await fetch(String(body.response_url), init)).json()) as Json;
    };

    expect(await answer()).toMatchObject({ errcode: 0 });
    expect((await answer()).errcode).not.toBe(0);
    expect(wecom.botShown("lisi")).toMatchObject([{ via: "response-url", text: "晚了些" }]);
  });
});
