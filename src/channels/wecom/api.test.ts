import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startWecom } from "../../../sandbox/wecom/server.ts";
import { type Log, silentLog } from "../../domain/log.ts";
import { createWecomApi, WecomRefusal, WecomTooLate, WecomUnanswered } from "./api.ts";

const SECRET = "app-secret";
const HOUR_MS = 3_600_000;

let wecom: Awaited<ReturnType<typeof startWecom>>;
let clockMs: number;
let logged: string[];

beforeEach(async () => {
  clockMs = 1_760_000_000_000;
  logged = [];
  wecom = await startWecom({ now: () => clockMs });
});
afterEach(() => wecom.close());

function anApi({ secret = SECRET, baseUrl = wecom.url } = {}) {
  const error: Log["error"] = (event, fields) => logged.push(JSON.stringify({ event, ...fields }));
  return createWecomApi({
    baseUrl,
    corpId: "wwcorp001",
    secret,
    now: () => clockMs,
    log: { ...silentLog, error },
  });
}

const A_TEXT = { touser: "zhangsan", agentid: 1000002, msgtype: "text", text: { content: "您好" } };

describe("the token", () => {
  it("is fetched once by all who need it at the same time, and again shortly before it ends", async () => {
    const api = anApi();
    await Promise.all(Array.from({ length: 20 }, () => api.post("message/send", A_TEXT)));
    expect(wecom.countCalls("gettoken")).toBe(1);
    clockMs += HOUR_MS;
    await api.post("message/send", A_TEXT);
    expect(wecom.countCalls("gettoken")).toBe(1);
    clockMs += HOUR_MS - 200_000;
    await api.post("message/send", A_TEXT);
    expect(wecom.countCalls("gettoken")).toBe(2);
  });

  it.each([40014, 42001, 41001])(
    "is fetched anew when 企业微信 answers %i, and the call repeated once",
    async (code) => {
      const api = anApi();
      wecom.faults.push({ endpoint: "message/send", kind: code, times: 1 });
      await api.post("message/send", A_TEXT);
      expect(wecom.countCalls("message/send")).toBe(2);
      wecom.faults.push({ endpoint: "message/send", kind: code, times: 2 });
      await expect(api.post("message/send", A_TEXT)).rejects.toMatchObject({ errcode: code });
      expect(wecom.countCalls("message/send")).toBe(4);
    },
  );

  it("is fetched anew once for many calls that fail together", async () => {
    const api = anApi();
    await api.post("message/send", A_TEXT);
    wecom.revokeTokens();
    await Promise.all(Array.from({ length: 10 }, () => api.post("message/send", A_TEXT)));
    expect(wecom.countCalls("gettoken")).toBe(2);
  });
});

it("does not begin a message after its last moment, however long its token takes", async () => {
  wecom.faults.push({ endpoint: "gettoken", kind: "slow", ms: 300, times: 1 });
  const api = createWecomApi({
    baseUrl: wecom.url,
    corpId: "wwcorp001",
    secret: SECRET,
    now: Date.now,
    log: silentLog,
  });
  await expect(api.post("message/send", A_TEXT, Date.now() + 100)).rejects.toBeInstanceOf(WecomTooLate);
  expect(wecom.countCalls("message/send")).toBe(0);
  await api.post("message/send", A_TEXT, Date.now() + 1_000);
  expect(wecom.countCalls("message/send")).toBe(1);
});

describe("what goes wrong", () => {
  it("is refused under 企业微信's own code; what an administrator must change is told in the log", async () => {
    const api = anApi();
    wecom.faults.push({ endpoint: "message/send", kind: 60020, times: 1 });
    const refused = await api.post("message/send", A_TEXT).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WecomRefusal);
    expect(logged).toEqual([expect.stringContaining("可信 IP")]);
    await expect(api.post("message/send", { ...A_TEXT, touser: "nobody" })).rejects.toMatchObject({
      errcode: 81013,
    });
    await expect(api.media("none")).rejects.toMatchObject({ errcode: 40007 });
  });

  it("says whether the request may have arrived", async () => {
    const api = anApi();
    await api.post("message/send", A_TEXT);
    wecom.faults.push({ endpoint: "message/send", kind: "cut", times: 1 });
    await expect(api.post("message/send", A_TEXT)).rejects.toMatchObject({ isWritten: true });
    wecom.faults.push({ endpoint: "message/send", kind: "http-500", times: 1 });
    await expect(api.post("message/send", A_TEXT)).rejects.toBeInstanceOf(WecomUnanswered);
    const nobody = anApi({ baseUrl: "http://127.0.0.1:9" });
    await expect(nobody.post("message/send", A_TEXT)).rejects.toMatchObject({ isWritten: false });
  });

  it("never names the secret or the token", async () => {
    const api = anApi({ secret: "wrong-secret-1234" });
    const refused = await api.post("message/send", A_TEXT).catch((error: unknown) => error);
    const nobody = await anApi({ baseUrl: "http://127.0.0.1:9" })
      .post("message/send", A_TEXT)
      .catch((error: unknown) => error);
    wecom.faults.push({ endpoint: "gettoken", kind: "cut", times: 1 });
    const cut = await anApi()
      .post("message/send", A_TEXT)
      .catch((error: unknown) => error);
    const told = [refused, nobody, cut].map(String).join("\n") + logged.join("\n");
    expect(told).toContain("gettoken");
    for (const secret of ["wrong-secret-1234", SECRET, "access_token=", "corpsecret"])
      expect(told).not.toContain(secret);
  });
});

it("brings a file there and back", async () => {
  const api = anApi();
  const bytes = Buffer.from("\x89PNG\r\n\x1a\n--------", "latin1");
  const id = await api.upload("image", bytes, "图片.png");
  expect(Buffer.from(await api.media(id))).toEqual(bytes);
});
