import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startQingjian } from "../../../sandbox/qingjian.ts";
import type { Conversation, InboundMessage } from "../../domain/conversations/conversation.ts";
import type { Part } from "../../domain/conversations/message.ts";
import type { Recall } from "../../domain/conversations/ports.ts";
import type { Lease } from "../../domain/leases.ts";
import { silentLog } from "../../domain/log.ts";
import { aClock } from "../../testing/test-store.ts";
import { type Bridge, createBridge } from "./bridge.ts";
import { profileSchema } from "./profile.ts";
import { createFrameRecorder } from "./recorder.ts";

const WHERE = {
  platform: "pinduoduo",
  shop: { id: "s1" },
  from: { role: "buyer", id: "u1" },
  message: { id: "m1", type: "text", text: "在吗" },
};
const WHO = { conversation: "c1", buyer: "u1" };
const CONVERSATION = { platform: "pinduoduo", shop_id: "s1", external_id: "c1" } as Conversation;

const MOST_FRAMES = 20;
let qingjian: Awaited<ReturnType<typeof startQingjian>>;
let bridge: Bridge;
let received: InboundMessage[];
let files: Map<string, Uint8Array>;
let lease: Lease | null;
let storeIsSlow: Promise<void>;
let storeGoesOn: () => void;
let storeIsDown: boolean;
let recalls: Recall[];
let clock: ReturnType<typeof aClock>;

beforeEach(async () => {
  qingjian = await startQingjian();
  received = [];
  files = new Map();
  recalls = [];
  storeIsDown = false;
  storeIsSlow = Promise.resolve();
  lease = { name: "bridge:test", token: 1 };
  clock = aClock();
  bridge = createBridge({
    url: qingjian.url,
    profile: profileSchema.parse(parse(readFileSync("config/bridge/neutral.yaml", "utf8"))),
    version: "test",
    files: {
      async put(bytes) {
        const id = `file-${files.size}`;
        files.set(id, bytes);
        return id;
      },
      get: async (id) => files.get(id) ?? null,
      check: async () => {},
    },
    recorder: createFrameRecorder({ file: null, log: silentLog }),
    ambient: clock,
    random: () => 0,
    lease: () => lease,
    intake: { mostFrames: MOST_FRAMES },
    log: silentLog,
    receive: async (message) => {
      await storeIsSlow;
      if (storeIsDown) throw new Error("database is away");
      received.push(message);
      return { status: "stored" };
    },
    onRecall: async (recall) => {
      recalls.push(recall);
    },
    onConnected: () => {},
    ackWithinMs: 200,
  });
  bridge.start();
  await qingjian.connected();
});

afterEach(async () => {
  await bridge.stop();
  await qingjian.close();
});

function aHandoff(group_name: string | null) {
  return {
    id: "h_1",
    reason: "complaint" as const,
    group_name,
    card: { summary: "", demands: [], pictures: [], last_messages: [] },
  };
}

async function send(parts: Part[], key = "m_1", writeBefore = Number.POSITIVE_INFINITY) {
  const prepared = await bridge.prepare({
    conversation: CONVERSATION,
    idempotencyKey: key,
    parts,
    inReplyTo: null,
  });
  return await prepared(writeBefore);
}

describe("inbound", () => {
  it("acknowledges a message only after it was stored", async () => {
    const ack = await qingjian.say(WHO, "在吗");

    expect(ack).toMatchObject({ ok: true });
    expect(received).toMatchObject([
      { author: "buyer", customer: { id: "u1" }, parts: [{ type: "text", text: "在吗" }] },
    ]);
  });

  it("answers with an error instead of an ack when the message could not be stored", async () => {
    storeIsDown = true;

    const frame = qingjian.sayNow(WHO, "在吗");
    const error = await qingjian.waitForFrame((it) => it.kind === "error");

    expect(error).toMatchObject({ code: "not_stored" });
    storeIsDown = false;
    qingjian.redeliver(frame);
    await expect.poll(() => received.length).toBe(1);
  });

  it("refuses with busy what memory has no room for, and takes it when it comes again", async () => {
    storeIsSlow = new Promise((resolve) => {
      storeGoesOn = resolve;
    });
    const frames = Array.from({ length: MOST_FRAMES + 2 }, (_none, n) =>
      qingjian.sayNow({ ...WHO, conversation: `c${n}`, messageId: `m${n}` }, "在吗"),
    );
    const error = await qingjian.waitForFrame((it) => it.kind === "error");

    expect(error).toMatchObject({ code: "busy", ref: frames[MOST_FRAMES]?.id });
    expect(bridge.intake.counts()).toMatchObject({ frames: MOST_FRAMES, refused: 2 });
    storeGoesOn();
    await expect.poll(() => received.length).toBe(MOST_FRAMES);
    for (const frame of frames.slice(MOST_FRAMES)) qingjian.redeliver(frame);
    await expect.poll(() => received.length).toBe(frames.length);
    expect(bridge.intake.counts()).toMatchObject({ frames: 0, bytes: 0 });
  });

  it("puts picture bytes into the file store before it acknowledges", async () => {
    await qingjian.sendPicture(WHO, Buffer.from("picture"), "看看");

    expect(received[0]?.parts).toEqual([
      { type: "image", file: "file-0" },
      { type: "text", text: "看看" },
    ]);
    expect(Buffer.from(files.get("file-0") ?? []).toString()).toBe("picture");
  });

  it("counts a colleague's words as a person's and ignores our own echo", async () => {
    await qingjian.agentTyped(WHO, "我来");
    qingjian.sendRaw(
      JSON.stringify({
        v: 1,
        kind: "message",
        id: "echo",
        platform: "p",
        shop: { id: "s1" },
        conversation: { id: "c1" },
        from: { role: "bot", id: "b" },
        message: { id: "x", type: "text", text: "答" },
      }),
    );
    await qingjian.waitForFrame((it) => it.kind === "ack" && it.ref === "echo");

    expect(received.map((message) => message.author)).toEqual(["person"]);
  });

  it("gives messages without an id the same key within two seconds and another one later", async () => {
    const frame = (ts: number, id: string) =>
      JSON.stringify({
        v: 1,
        kind: "message",
        id,
        ts,
        platform: "p",
        shop: { id: "s1" },
        conversation: { id: "c1" },
        from: { role: "buyer", id: "u1" },
        message: { type: "text", text: "在吗" },
      });
    qingjian.sendRaw(frame(1_760_000_000_100, "f1"));
    qingjian.sendRaw(frame(1_760_000_001_900, "f2"));
    qingjian.sendRaw(frame(1_760_000_002_100, "f3"));
    await expect.poll(() => received.length).toBe(3);

    const keys = received.map((message) => message.dedupeKey);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it.each([
    ["no JSON", "{nonsense"],
    ["an unknown kind", JSON.stringify({ v: 1, kind: "dance", id: "d1" })],
    ["a wrong type", JSON.stringify({ v: 1, kind: "message", id: "d2", platform: 5 })],
    ["an array", "[]"],
    ["null", "null"],
    ["brackets that nest deeper than any walk can follow", "[".repeat(20_000) + "]".repeat(20_000)],
    [
      "an object that nests too deep",
      `${'{"v":1,"kind":"message","id":"d4","a":'.repeat(400)}1${"}".repeat(400)}`,
    ],
    [
      "an id that is half a character",
      JSON.stringify({ v: 1, kind: "message", id: "d5", ...WHERE, conversation: { id: "c\ud800" } }),
    ],
    [
      "an id that the database would cut",
      JSON.stringify({ v: 1, kind: "message", id: "d6", ...WHERE, conversation: { id: "nul\0one" } }),
    ],
    ["a message without content", JSON.stringify({ v: 1, kind: "message", id: "d3", message: {} })],
  ])("answers bad_frame to %s and keeps the connection", async (_what, text) => {
    qingjian.sendRaw(text);

    expect(await qingjian.waitForFrame((it) => it.kind === "error")).toMatchObject({ code: "bad_frame" });
    expect(bridge.recorder.listUnmatched()).toHaveLength(1);
    expect(await qingjian.say(WHO, "还在吗")).toMatchObject({ ok: true });
  });

  it("reads a frame that comes as bytes", async () => {
    const frame = { v: 1, kind: "message", id: "b1", ...WHERE, conversation: { id: "c1" } };
    qingjian.sendRaw(Buffer.from(JSON.stringify(frame)));
    qingjian.sendRaw(Buffer.from([0, 159, 146, 150]));

    await expect.poll(() => received.length).toBe(1);
    expect(await qingjian.waitForFrame((it) => it.kind === "error")).toMatchObject({ code: "bad_frame" });
    expect(bridge.recorder.counts().bad).toBe(1);
  });

  it("does not believe a clock that runs ahead of ours", async () => {
    const frame = { v: 1, kind: "message", id: "f1", ...WHERE, conversation: { id: "c1" } };
    qingjian.sendRaw(JSON.stringify({ ...frame, ts: clock.now() + 3_600_000 }));
    await expect.poll(() => received.length).toBe(1);

    expect(received[0]?.at).toBe(clock.now());
  });

  it("answers a ping and passes a recall on", async () => {
    qingjian.sendRaw(JSON.stringify({ v: 1, kind: "ping", id: "p1" }));
    qingjian.sendRaw(
      JSON.stringify({
        v: 1,
        kind: "recall",
        id: "r1",
        platform: "pinduoduo",
        shop: { id: "s1" },
        conversation: { id: "c1" },
        message: { id: "m-9" },
      }),
    );

    expect(await qingjian.waitForFrame((it) => it.kind === "pong")).toBeDefined();
    await expect
      .poll(() => recalls)
      .toEqual([
        {
          channel: "qingjian",
          platform: "pinduoduo",
          shopId: "s1",
          externalConversationId: "c1",
          platformMessageId: "m-9",
        },
      ]);
  });
});

describe("outbound", () => {
  it("resolves with the platform's message id when the reply is acknowledged", async () => {
    expect(await send([{ type: "text", text: "您好" }])).toEqual({
      status: "acked",
      platformMessageId: "p-m_1",
    });
  });

  it("splits a long text at sentence ends into bubbles of one reply", async () => {
    await send([{ type: "text", text: "这是一句话。".repeat(200) }]);

    const bubbles = qingjian.raw[0]?.messages ?? [];
    expect(bubbles.length).toBeGreaterThan(1);
    expect(
      bubbles.every(
        (bubble) => bubble.type === "text" && bubble.text.length <= 500 && bubble.text.endsWith("。"),
      ),
    ).toBe(true);
  });

  it("says unanswered when the ack is withheld, and dropped when the connection goes", async () => {
    qingjian.knobs.withholdAcks = 2;

    expect(await send([{ type: "text", text: "一" }])).toEqual({ status: "unanswered" });
    const dropped = send([{ type: "text", text: "二" }], "m_2");
    await expect.poll(() => qingjian.raw.length).toBe(2);
    qingjian.dropConnection();

    expect(await dropped).toEqual({ status: "dropped" });
  });

  it("writes nothing while disconnected and comes back by itself", async () => {
    qingjian.dropConnection();
    await expect.poll(() => bridge.isConnected()).toBe(false);
    expect(await send([{ type: "text", text: "一" }])).toEqual({ status: "not-connected" });
    await expect.poll(() => bridge.isConnected(), { timeout: 5_000 }).toBe(true);

    expect((await send([{ type: "text", text: "一" }])).status).toBe("acked");
  });

  it("writes nothing to a customer once another process may have the bridge", async () => {
    const prepared = await bridge.prepare({
      conversation: CONVERSATION,
      idempotencyKey: "m_1",
      parts: [{ type: "text", text: "一" }],
      inReplyTo: null,
    });
    lease = null;

    expect(await prepared(Number.POSITIVE_INFINITY)).toEqual({ status: "not-connected" });
    expect(await bridge.transfer(CONVERSATION, aHandoff(null))).toBe(false);
    expect(qingjian.received.filter(({ kind }) => kind === "reply" || kind === "transfer")).toEqual([]);
  });

  it("writes nothing after the claim on the send has ended", async () => {
    expect(await send([{ type: "text", text: "晚了" }], "m_1", 0)).toEqual({ status: "too-late" });
    expect(qingjian.raw).toEqual([]);
  });

  it("passes a refusal on with its code", async () => {
    qingjian.knobs.refuseWith = "blocked";

    expect(await send([{ type: "text", text: "一" }])).toEqual({
      status: "refused",
      code: "blocked",
      retry: false,
    });
  });

  it("gives up at once what holds nothing to show", async () => {
    expect(await send([{ type: "text", text: " \n " }])).toEqual({
      status: "refused",
      code: "empty_message",
      retry: false,
    });
    expect(qingjian.raw).toEqual([]);
  });

  it("asks the platform for a person and says whether one took it", async () => {
    expect(await bridge.transfer(CONVERSATION, aHandoff("售后"))).toBe(true);
    qingjian.knobs.transferOk = false;
    expect(await bridge.transfer(CONVERSATION, aHandoff(null))).toBe(false);
    expect(qingjian.received.find((frame) => frame.kind === "transfer")).toMatchObject({
      to: { group_id: "售后" },
    });
  });
});
