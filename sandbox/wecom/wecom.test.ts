import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listen } from "../http-server.ts";
import { createCallbackCrypto } from "./crypto.ts";
import { startWecom } from "./server.ts";
import type { Json } from "./wire.ts";
import { textIn, xmlOf } from "./xml.ts";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n----", "latin1");
const AMR = Buffer.from("#!AMR\n\x3c------------", "latin1");
const KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";
const TOKEN = "TestToken01";
const AGENT_ID = 1000002;
const CUSTOMER = { touser: "wm0001", open_kfid: "wk0001" };
const SESSION = { external_userid: "wm0001", open_kfid: "wk0001" };

let clockMs: number;
let wecom: Awaited<ReturnType<typeof startWecom>>;
let closing: (() => Promise<void> | void)[];

beforeEach(async () => {
  clockMs = 1_760_000_000_000;
  wecom = await startWecom({ now: () => clockMs });
  closing = [];
});
afterEach(async () => {
  for (const close of closing) await close();
  await wecom.close();
});

async function token(secret = "app-secret"): Promise<string> {
  const answer = await get(`gettoken?corpid=wwcorp001&corpsecret=${secret}`);
  return String(answer.access_token);
}

async function get(path: string): Promise<Json> {
  return (await (await fetch(`${wecom.url}/cgi-bin/${path}`)).json()) as Json;
}

async function post(endpoint: string, body: Json, accessToken?: string): Promise<Json> {
  const url = `${wecom.url}/cgi-bin/${endpoint}?access_token=${accessToken ?? (await token())}`;
  const headers = { "content-type": "application/json" };
  return (await (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).json()) as Json;
}

async function upload(type: string, bytes: Uint8Array, filename: string): Promise<Json> {
  const form = new FormData();
  form.set("media", new Blob([new Uint8Array(bytes)]), filename);
  const url = `${wecom.url}/cgi-bin/media/upload?access_token=${await token()}&type=${type}`;
  return (await (await fetch(url, { method: "POST", body: form })).json()) as Json;
}

const sendText = (content: string, touser = "zhangsan", accessToken?: string) =>
  post("message/send", { touser, msgtype: "text", agentid: AGENT_ID, text: { content } }, accessToken);

/** A service's callback URL: what was decrypted from each try, answered with the statuses in turn, then with 200. */
async function startService(
  statuses: number[] = [],
  reply = () => "",
): Promise<{ url: string; heard: string[] }> {
  const crypto = createCallbackCrypto({ token: TOKEN, encodingAesKey: KEY, receiveId: "wwcorp001" });
  const heard: string[] = [];
  const service = await listen(0, ({ method, path, body }) => {
    const query = new URL(path, "http://service").searchParams;
    const [signature, timestamp, nonce] = ["msg_signature", "timestamp", "nonce"].map(
      (it) => query.get(it) ?? "",
    );
    const encrypted = method === "GET" ? query.get("echostr") : textIn(body, "Encrypt");
    expect(crypto.sign(timestamp ?? "", nonce ?? "", encrypted ?? "")).toBe(signature);
    const message = crypto.decrypt(encrypted ?? "");
    heard.push(message);
    return { status: statuses.shift() ?? 200, bytes: Buffer.from(method === "GET" ? message : reply()) };
  });
  closing.push(service.close);
  return { url: service.url, heard };
}

describe("an app", () => {
  it("gives the same token while it holds, and another after one was revoked", async () => {
    const first = await token();

    expect(await token()).toBe(first);
    expect(await get("gettoken?corpid=wwcorp001&corpsecret=wrong")).toMatchObject({ errcode: 40001 });
    wecom.faults.push({ endpoint: "message/send", times: 1, kind: 42001 });
    expect(await sendText("hi", "zhangsan", first)).toMatchObject({ errcode: 42001 });
    expect(await sendText("hi", "zhangsan", first)).toMatchObject({ errcode: 42001 });
    expect(await sendText("hi", "zhangsan", await token())).toMatchObject({ errcode: 0 });
    expect(await sendText("hi", "zhangsan", "stranger")).toMatchObject({ errcode: 40014 });
    expect(await get("getcallbackip")).toMatchObject({ errcode: 41001 });
    clockMs += 7200_000;
    expect(await sendText("hi", "zhangsan", await token())).toMatchObject({ errcode: 0 });
    expect(wecom.countCalls("gettoken")).toBe(5);
    expect(wecom.shown("zhangsan")).toHaveLength(2);
  });

  it("refuses 2049 bytes and nobody, names who is invalid, and drops what is over 30 a minute without a word", async () => {
    expect(await sendText("好".repeat(683))).toMatchObject({ errcode: 45002 });
    expect(await sendText("hi", "nobody")).toMatchObject({ errcode: 81013 });
    expect(await sendText("hi", "lisi|nobody")).toMatchObject({ errcode: 0, invaliduser: "nobody" });

    for (let count = 0; count < 31; count += 1)
      expect(await sendText(`${count}`)).toMatchObject({ errcode: 0 });

    expect(wecom.shown("zhangsan")).toHaveLength(30);
    expect(wecom.shown("lisi")).toMatchObject([{ via: "app", type: "text", text: "hi" }]);
  });

  it("has done the work when the answer is lost", async () => {
    const accessToken = await token();
    wecom.faults.push({ endpoint: "message/send", times: 1, kind: "answer-lost" });

    await expect(sendText("hi", "zhangsan", accessToken)).rejects.toThrow("fetch failed");

    expect(wecom.shown("zhangsan")).toHaveLength(1);
  });

  it("answers what is wrong with a file as JSON with HTTP 200, and gives back what was uploaded", async () => {
    const url = `${wecom.url}/cgi-bin/media/get?access_token=${await token()}&media_id=`;

    const missing = await fetch(`${url}none`);
    expect([missing.status, await missing.json()]).toMatchObject([200, { errcode: 40007 }]);
    expect((await upload("voice", Buffer.from("RIFF-no-amr"), "a.wav")).errcode).not.toBe(0);
    expect((await upload("image", AMR, "a.png")).errcode).not.toBe(0);
    const { media_id } = await upload("image", PNG, "图.png");
    const found = await fetch(`${url}${media_id}`);
    expect(found.headers.get("content-disposition")).toContain(encodeURIComponent("图.png"));
    expect(Buffer.from(await found.arrayBuffer())).toEqual(PNG);
    const voice = await upload("voice", AMR, "a.amr");
    const body = { touser: "zhangsan", agentid: AGENT_ID, msgtype: "voice", voice };
    expect(await post("message/send", body)).toMatchObject({ errcode: 0 });
    const sha256 = createHash("sha256").update(AMR).digest("hex");
    expect(wecom.shown("zhangsan")).toMatchObject([{ type: "voice", sha256 }]);
    clockMs += 3 * 24 * 3600_000;
    expect(await (await fetch(`${url}${media_id}`)).json()).toMatchObject({ errcode: 42001 });
    expect(await get(`media/get?access_token=${await token()}&media_id=${media_id}`)).toMatchObject({
      errcode: 40007,
    });
  });

  it("updates a pressed card once per response_code", async () => {
    const { url, heard } = await startService();
    wecom.knobs.app.url = url;
    const button_list = [{ text: "我来接", key: "claim" }];
    const template_card = { card_type: "button_interaction", task_id: "t-1", button_list };
    const card = { touser: "lisi", agentid: AGENT_ID, msgtype: "template_card", template_card };
    expect(await post("message/send", card)).toMatchObject({ errcode: 0, response_code: expect.any(String) });

    const { responseCode } = await wecom.clickCard({ userid: "lisi", taskId: "t-1", key: "claim" });
    const update = { agentid: AGENT_ID, response_code: responseCode, button: { replace_name: "已接" } };

    expect(["Event", "EventKey", "TaskId", "ResponseCode"].map((it) => textIn(heard[0] ?? "", it))).toEqual([
      "template_card_event",
      "claim",
      "t-1",
      responseCode,
    ]);
    expect(await post("message/update_template_card", update)).toMatchObject({ errcode: 0, invaliduser: [] });
    expect((await post("message/update_template_card", update)).errcode).not.toBe(0);
    expect(wecom.shown("lisi")).toMatchObject([{ type: "card", button: "已接" }]);
  });
});

describe("a callback", () => {
  it("is tried three times with the same MsgId until HTTP 200", async () => {
    const { url, heard } = await startService([500, 503, 200]);
    wecom.knobs.app.url = url;

    const delivery = await wecom.say({ userid: "zhangsan", text: "电脑 ]]> 坏了" });

    expect(delivery.tries.map(({ status }) => status)).toEqual([500, 503, 200]);
    expect(heard.map((it) => textIn(it, "MsgId"))).toEqual([delivery.msgId, delivery.msgId, delivery.msgId]);
    expect(textIn(heard[0] ?? "", "Content")).toBe("电脑 ]]> 坏了");
  });

  it("gives up after three tries that are not answered in time", async () => {
    const silent = await listen(0, () => null);
    closing.push(silent.close);
    Object.assign(wecom.knobs.app, { url: silent.url, timeoutMs: 20 });

    const { tries, isAccepted } = await wecom.say({ userid: "zhangsan", text: "在吗" });

    expect(tries.map(({ status }) => status)).toEqual(["timeout", "timeout", "timeout"]);
    expect(isAccepted).toBe(false);
  });

  it("verifies a URL, shows a passive reply and keeps one that is signed wrongly", async () => {
    const crypto = createCallbackCrypto({ token: TOKEN, encodingAesKey: KEY, receiveId: "wwcorp001" });
    let signature = "";
    const Encrypt = crypto.encrypt(xmlOf({ MsgType: "text", Content: "收到" }));
    const reply = () => xmlOf({ Encrypt, MsgSignature: signature, TimeStamp: 1, Nonce: "n" });
    wecom.knobs.app.url = (await startService([], reply)).url;

    expect(await wecom.verifyUrl()).toMatchObject({ isVerified: true });
    await wecom.say({ userid: "zhangsan", text: "1" });
    signature = crypto.sign("1", "n", Encrypt);
    await wecom.say({ userid: "zhangsan", text: "2" });

    expect(wecom.badPassiveReplies).toHaveLength(1);
    expect(wecom.shown("zhangsan")).toMatchObject([{ via: "passive", text: "收到" }]);
  });
});

describe("微信客服", () => {
  it("rings with a Token and gives its log by cursor, from the start without one", async () => {
    const { url, heard } = await startService();
    wecom.knobs.kf.url = url;
    const ids: string[] = [];
    for (const text of ["一", "二", "三"])
      ids.push((await wecom.kfSay({ externalUserid: "wm0001", text })).msgid);
    const idsOf = ({ msg_list }: Json) => (msg_list as Json[]).map(({ msgid }) => msgid);
    const sync = (more: Json) =>
      post("kf/sync_msg", { open_kfid: "wk0001", token: textIn(heard[2] ?? "", "Token"), ...more });

    const first = await sync({ limit: 2 });
    wecom.knobs.kfLog.emptyPages = 1;
    const empty = await sync({ cursor: first.next_cursor });
    const second = await sync({ cursor: empty.next_cursor });

    expect(textIn(heard[2] ?? "", "OpenKfId")).toBe("wk0001");
    expect([idsOf(first), first.has_more]).toEqual([ids.slice(0, 2), 1]);
    expect([idsOf(empty), empty.has_more]).toEqual([[], 1]);
    expect([idsOf(second), second.has_more]).toEqual([ids.slice(2), 0]);
    expect(idsOf(await sync({ cursor: second.next_cursor }))).toEqual([]);
    expect(idsOf(await sync({}))).toEqual(ids);
    expect(await sync({ cursor: "made-up" })).toMatchObject({ errcode: 40058 });
  });

  it("takes five messages per customer message, and a repeated msgid once", async () => {
    wecom.knobs.kf.url = (await startService()).url;
    const send = (msgid: string) =>
      post("kf/send_msg", { ...CUSTOMER, msgid, msgtype: "text", text: { content: msgid } });
    await wecom.kfSay({ externalUserid: "wm0001", text: "在吗" });

    for (const msgid of ["a", "b", "c", "d", "e"])
      expect(await send(msgid)).toMatchObject({ errcode: 0, msgid });

    expect(await send("f")).toMatchObject({ errcode: 95001 });
    expect(await send("a")).toMatchObject({ errcode: 0, msgid: "a" });
    expect(wecom.shown("wm0001")).toHaveLength(5);
    await wecom.kfSay({ externalUserid: "wm0001", text: "还在吗" });
    expect(await send("f")).toMatchObject({ errcode: 0 });
  });

  it("lets a session go only where the table allows, and the API write in 0 and 1 only", async () => {
    wecom.knobs.kf.url = (await startService()).url;
    const trans = (service_state: number, servicer_userid = "") =>
      post("kf/service_state/trans", { ...SESSION, service_state, servicer_userid });
    const text = { ...CUSTOMER, msgtype: "text", text: { content: "您好" } };
    await wecom.kfSay({ externalUserid: "wm0001", text: "在吗" });

    expect(await trans(4)).toMatchObject({ errcode: 95016 });
    expect(await trans(1)).toMatchObject({ errcode: 0 });
    expect(await post("kf/send_msg", text)).toMatchObject({ errcode: 0 });
    expect((await trans(3, "wangwu")).errcode).not.toBe(0);
    expect(await trans(3, "lisi")).toMatchObject({ errcode: 0 });
    expect(await post("kf/send_msg", text)).toMatchObject({ errcode: 95018 });
    const { msg_code } = await trans(4);
    const goodbye = { code: msg_code, msgtype: "text", text: { content: "再见" } };
    expect(await post("kf/send_msg_on_event", goodbye)).toMatchObject({ errcode: 0 });
    expect((await post("kf/send_msg_on_event", goodbye)).errcode).not.toBe(0);
    expect(await trans(1)).toMatchObject({ errcode: 95016 });
    await wecom.kfSay({ externalUserid: "wm0001", text: "还有" });
    expect(await post("kf/service_state/get", SESSION)).toMatchObject({ service_state: 0 });
    expect(wecom.shown("wm0001")).toMatchObject([{ text: "您好" }, { via: "kf-event", text: "再见" }]);
  });

  it("tells who opened the chat, what a person says and does, and what was not delivered", async () => {
    wecom.knobs.kf.url = (await startService()).url;
    wecom.knobs.kfSending.failTypes.push(10);
    await wecom.kfEnter({ externalUserid: "wm0001", scene: "shop" });
    await wecom.kfSay({ externalUserid: "wm0001", image: PNG });
    const lost = { ...CUSTOMER, msgid: "lost", msgtype: "text", text: { content: "?" } };
    expect(await post("kf/send_msg", lost)).toMatchObject({ errcode: 0 });
    await wecom.servicerChanges({ externalUserid: "wm0001", changeType: 1, servicerUserid: "lisi" });
    await wecom.servicerSays({ externalUserid: "wm0001", servicerUserid: "lisi", text: "我是小李" });

    const { msg_list } = await post("kf/sync_msg", { open_kfid: "wk0001" });

    expect(msg_list).toMatchObject([
      { origin: 4, event: { event_type: "enter_session", scene: "shop", welcome_code: expect.any(String) } },
      { origin: 3, msgtype: "image", image: { media_id: expect.any(String) } },
      { origin: 4, event: { event_type: "msg_send_fail", fail_msgid: "lost", fail_type: 10 } },
      {
        origin: 4,
        event: { event_type: "session_status_change", change_type: 1, new_servicer_userid: "lisi" },
      },
      { origin: 5, servicer_userid: "lisi", text: { content: "我是小李" } },
    ]);
    expect(wecom.shown("wm0001")).toMatchObject([{ via: "kf-servicer", text: "我是小李" }]);
  });
});
