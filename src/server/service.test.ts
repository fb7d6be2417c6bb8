import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startQingjian, textOf } from "../../sandbox/qingjian.ts";
import { aRunningService, type RunningTestService } from "../testing/running-service.ts";

let qingjian: Awaited<ReturnType<typeof startQingjian>>;
let running: RunningTestService;

beforeAll(async () => {
  qingjian = await startQingjian();
  running = await aRunningService({
    QINGJIAN_WS_URL: qingjian.url,
    TIANWANG_CALLBACK_URL: "off",
    MERGE_WINDOW_MS: "200",
  });
  await qingjian.connected();
});

afterAll(async () => {
  await running.stop();
  await qingjian.close();
});

const post = (path: string, body: string, type = "application/json") =>
  fetch(`${running.url}${path}`, { method: "POST", headers: { "content-type": type }, body });

describe("over the WebSocket, the whole service", () => {
  it("answers a message that comes five times with one reply", async () => {
    const buyer = { conversation: "redelivered" };
    const frame = qingjian.sayNow(buyer, "你好");
    for (let time = 0; time < 4; time += 1) qingjian.redeliver(frame);

    await qingjian.waitForReply(buyer.conversation, () => true);
    await running.service.jobs.idle();

    expect(qingjian.raw.filter((reply) => reply.conversation.id === buyer.conversation)).toHaveLength(1);
  });

  it("answers a burst of four with one reply", async () => {
    const buyer = { conversation: "burst" };
    for (const text of ["在吗", "想问下", "抠图", "多少钱"]) qingjian.sayNow(buyer, text);

    const reply = await qingjian.waitForReply(buyer.conversation, () => true);
    await running.service.jobs.idle();

    expect(textOf(reply)).toContain("20 元");
    expect(qingjian.replies(buyer.conversation)).toHaveLength(1);
  });

  it("serves 50 conversations at once, each in its own order", async () => {
    const names = Array.from({ length: 50 }, (_none, n) => `parallel-${n}`);
    for (const name of names) qingjian.sayNow({ conversation: name }, "你好");
    await Promise.all(names.map((name) => qingjian.waitForReply(name, (text) => text.includes("在的亲"))));
    for (const name of names) qingjian.sayNow({ conversation: name }, "谢谢");
    await Promise.all(names.map((name) => qingjian.waitForReply(name, (text) => text.includes("不客气"))));

    for (const name of names)
      expect(qingjian.replies(name).map((reply) => textOf(reply).slice(0, 3))).toEqual(["在的亲", "不客气"]);
  });

  it("sends a reply whose ack was withheld again under the same key, and the buyer sees it once", async () => {
    const buyer = { conversation: "withheld" };
    qingjian.knobs.withholdAcks = 1;
    await qingjian.say(buyer, "你好");
    await expect
      .poll(() => qingjian.raw.filter((reply) => reply.conversation.id === buyer.conversation).length, {
        timeout: 15_000,
      })
      .toBe(2);

    const [first, second] = qingjian.raw.filter((reply) => reply.conversation.id === buyer.conversation);
    expect(first?.idempotency_key).toBe(second?.idempotency_key);
    expect(qingjian.replies(buyer.conversation)).toHaveLength(1);
  });

  it("comes back after a dropped connection and delivers what waited", async () => {
    const buyer = { conversation: "dropped" };
    await qingjian.say(buyer, "你好");
    qingjian.dropConnection();
    await expect.poll(() => running.service.bridge?.isConnected(), { timeout: 5_000 }).toBe(false);
    await expect.poll(() => running.service.bridge?.isConnected(), { timeout: 10_000 }).toBe(true);

    await qingjian.waitForReply(buyer.conversation, () => true);
    expect(qingjian.replies(buyer.conversation)).toHaveLength(1);
  });

  it("tells every buyer that a person comes before a person has the chat", async () => {
    const names = Array.from({ length: 12 }, (_none, n) => `handoff-${n}`);
    for (const name of names) qingjian.sayNow({ conversation: name }, "转人工");

    await Promise.all(names.map((name) => qingjian.waitForReply(name, (text) => text.includes("人工"))));
    await expect
      .poll(async () => {
        const held = await running.service.store.conversations.list({ holder: "human", limit: 100 });
        return held.filter((conversation) => names.includes(conversation.external_id)).length;
      })
      .toBe(names.length);
  });

  it("finds a recalled message by its conversation and does not answer it", async () => {
    const buyer = { conversation: "recalled", messageId: "m-recalled" };
    await qingjian.say(buyer, "你好");
    qingjian.sendRaw(
      JSON.stringify({
        v: 1,
        kind: "recall",
        id: "r1",
        conversation: { id: "recalled" },
        message: { id: "m-recalled" },
      }),
    );
    await expect
      .poll(
        async () =>
          (await running.service.store.messages.recent("qingjian|pinduoduo|s1|recalled", 1))[0]?.status,
      )
      .toBe("recalled");
    await running.service.jobs.idle();

    expect(qingjian.replies("recalled")).toEqual([]);
  });
});

describe("over HTTP", () => {
  it("refuses a body of 2 MiB, a wrong type and no JSON in its own shape, and goes on", async () => {
    const large = await post("/api/task/receive", JSON.stringify({ text: "x".repeat(2 * 1024 * 1024) }));
    const typed = await post("/api/task/receive", "a=b", "application/x-www-form-urlencoded");
    const broken = await post("/api/task/receive", "{nonsense");

    expect([large.status, typed.status, broken.status]).toEqual([413, 415, 400]);
    for (const answer of [large, typed, broken])
      expect(await answer.json()).toMatchObject({
        success: false,
        error: { code: expect.any(String) },
        request_id: /.+/u,
      });
    expect((await fetch(`${running.url}/api/health`)).status).toBe(200);
  });

  it("describes itself with pages of its own", async () => {
    const openapi = (await (await fetch(`${running.url}/openapi.json`)).json()) as {
      paths: Record<string, unknown>;
    };
    const page = await (await fetch(`${running.url}/docs`)).text();
    const script = await fetch(`${running.url}/docs/assets/swagger-ui-bundle.js`);

    expect(Object.keys(openapi.paths)).toEqual(
      expect.arrayContaining(["/api/task/receive", "/api/task/status/{id}"]),
    );
    expect(page).not.toMatch(/https?:\/\//u);
    expect(script.status).toBe(200);
  });

  it("answers 404 in its own shape, and serves metrics and files only by their hash", async () => {
    expect(await (await fetch(`${running.url}/nowhere`)).json()).toMatchObject({
      error: { code: "not_found" },
    });
    expect(await (await fetch(`${running.url}/metrics`)).text()).toContain("tianwang_bridge_connected 1");
    expect((await fetch(`${running.url}/files/..%2Fapp.db`)).status).toBe(404);
  });

  it("refuses an unsigned or forged designer callback when a secret is set", async () => {
    const { createTuhuiRoutes } = await import("./routes/tuhui.ts");
    const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
    const routes = createTuhuiRoutes({ store: running.service.store, secret });
    const body = JSON.stringify({
      event: "order.delivered",
      order_no: "TH1",
      occurred_at: "2026-01-01T00:00:00Z",
    });

    expect((await routes.request("/callback", { method: "POST", body })).status).toBe(401);
  });
});
