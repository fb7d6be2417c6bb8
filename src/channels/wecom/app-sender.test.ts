import { beforeEach, describe, expect, it } from "vitest";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import type { Part, SaidMessage } from "../../domain/conversations/message.ts";
import { silentLog } from "../../domain/log.ts";
import { WecomRefusal, WecomUnanswered } from "./api.ts";
import { createAppSender } from "./app-sender.ts";

const TALK = { id: "c1", external_id: "zhangsan" } as Conversation;
const ALWAYS = Number.POSITIVE_INFINITY;

let clockMs: number;
let posted: Record<string, unknown>[];
let uploads: string[];
let uploadFate: Error | null;
let recent: SaidMessage[];
/** What happens to the next calls; a number of ms: that long they take. */
let fates: (Error | number)[];

beforeEach(() => {
  clockMs = 1_760_000_000_000;
  posted = [];
  uploads = [];
  uploadFate = null;
  recent = [];
  fates = [];
});

function aSender({ speak = null as ((text: string) => Promise<Uint8Array | null>) | null } = {}) {
  return createAppSender({
    api: {
      async post(_endpoint, body) {
        const fate = fates.shift();
        if (fate instanceof Error) throw fate;
        clockMs += fate ?? 0;
        posted.push(body as Record<string, unknown>);
        return { errcode: 0, errmsg: "ok" };
      },
      async upload(type, _bytes, name) {
        if (uploadFate !== null) throw uploadFate;
        uploads.push(`${type} ${name}`);
        return `media${uploads.length}`;
      },
      ready: async () => null,
    },
    agentId: 1,
    files: {
      put: async () => "",
      get: async (id) => Buffer.from(id.startsWith("png") ? "\x89PNG" : "RIFF", "latin1"),
      check: async () => {},
    },
    speak,
    cards: {} as never,
    lease: () => ({ name: "channels", token: 1 }),
    recent: async () => recent,
    now: () => clockMs,
    log: silentLog,
  });
}

const say = (text: string): Part[] => [{ type: "text", text }];

async function send(
  sender: ReturnType<typeof aSender>,
  parts: Part[],
  { key = "m1", writeBefore = ALWAYS } = {},
) {
  const prepared = await sender.prepare({
    conversation: TALK,
    idempotencyKey: key,
    parts,
    inReplyTo: null,
  });
  return await prepared(writeBefore);
}

describe("a message of several pieces", () => {
  it("goes on where it was when the time to write is over, and says nothing twice", async () => {
    const sender = aSender();
    const text = `${"一".repeat(600)}。${"二".repeat(600)}。${"三".repeat(600)}`;
    fates = [200, 200];
    expect(await send(sender, say(text), { writeBefore: clockMs + 300 })).toEqual({
      status: "more",
      retryAt: clockMs,
    });
    expect(posted).toHaveLength(2);
    expect(await send(sender, say(text), { writeBefore: clockMs + 300 })).toEqual({
      status: "acked",
    });
    const said = posted.map(({ text: it }) => (it as { content: string }).content);
    expect(said.join("")).toBe(text);
    for (const piece of said) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(2_048);
  });

  it("is not begun when the time to write is over before", async () => {
    expect(await send(aSender(), say("好"), { writeBefore: clockMs })).toEqual({ status: "too-late" });
    expect(posted).toEqual([]);
  });
});

it("sends 30 in a minute to one member and lets the next wait, also after what another process has sent", async () => {
  const sender = aSender();
  recent = Array.from({ length: 10 }, (_none, at) => ({
    id: `o${at}`,
    direction: "out",
    author: "bot",
    parts: say("前面的"),
    status: at === 0 ? "queued" : "sent",
    turn_id: null,
    at: clockMs - 30_000,
  }));
  for (let n = 0; n < 21; n += 1)
    expect(await send(sender, say(`第 ${n} 条`), { key: `m${n}` })).toEqual({ status: "acked" });
  expect(await send(sender, say("再一条"), { key: "m99" })).toEqual({
    status: "busy",
    retryAt: clockMs + 30_000,
  });
  clockMs += 30_000;
  expect(await send(sender, say("再一条"), { key: "m99" })).toEqual({ status: "acked" });
});

it("asks 企业微信 to drop a repeat, but not the same words of another message", async () => {
  const sender = aSender();
  fates = [new WecomUnanswered("message/send", "timeout", { isWritten: true })];
  expect(await send(sender, say("好的"), { key: "m1" })).toEqual({ status: "unanswered" });
  await send(sender, say("好的"), { key: "m1" });
  await send(sender, say("好的"), { key: "m2" });
  expect(posted.map((it) => it.enable_duplicate_check)).toEqual([1, undefined]);
  clockMs += 121_000;
  await send(sender, say("好的"), { key: "m3" });
  expect(posted.at(-1)?.enable_duplicate_check).toBe(1);
});

it("shows the same words of two messages, also when the second is tried again or by another process", async () => {
  const sender = aSender();
  await send(sender, say("您好"), { key: "m1" });
  fates = [new WecomRefusal("message/send", -1)];
  expect(await send(sender, say("您好"), { key: "m2" })).toMatchObject({ status: "refused", retry: true });
  await send(sender, say("您好"), { key: "m2" });
  expect(posted.map((it) => it.enable_duplicate_check)).toEqual([1, undefined]);

  recent = [
    {
      id: "m2",
      direction: "out",
      author: "bot",
      parts: say("您好"),
      status: "sent",
      turn_id: null,
      at: clockMs,
    },
  ];
  clockMs += 30_000;
  await send(aSender(), say("您好"), { key: "m3" });
  expect(posted.at(-1)?.enable_duplicate_check).toBeUndefined();
});

it("repeats a picture or a voice only as what it was", async () => {
  const sender = aSender({ speak: async () => Buffer.from("#!AMR\n") });
  const parts: Part[] = [{ type: "text", text: "重启一下", spoken: true }];
  const message = { id: "m1", parts, in_reply_to: null };
  expect(sender.dedupes(message)).toBe(false);
  fates = [0, new WecomUnanswered("message/send", "timeout", { isWritten: true })];
  expect(await send(sender, parts)).toEqual({ status: "unanswered" });
  expect(sender.dedupes(message)).toBe(true);
  await send(sender, parts);
  expect(uploads).toEqual(["voice 回复.amr"]);
  expect(posted.map(({ msgtype }) => msgtype)).toEqual(["text", "voice"]);
  expect(posted.at(-1)?.enable_duplicate_check).toBe(1);
});

it("leaves out nothing when the voice can be said at one time and not at another", async () => {
  let isMute = false;
  const sender = aSender({
    speak: async () => {
      if (isMute) throw new Error("no program");
      return Buffer.from("#!AMR\n");
    },
  });
  const parts: Part[] = [
    { type: "text", text: "重启一下", spoken: true },
    { type: "image", file: "png1" },
  ];
  fates = [200, 200];
  expect(await send(sender, parts, { writeBefore: clockMs + 300 })).toMatchObject({ status: "more" });
  isMute = true;
  expect(await send(sender, parts)).toEqual({ status: "acked" });
  expect(posted.map(({ msgtype }) => msgtype)).toEqual(["text", "voice", "image"]);
});

it.each([
  [new WecomRefusal("message/send", 45009), { status: "busy", retryAt: 1_760_000_060_000 }],
  [new WecomRefusal("message/send", -1), { status: "refused", code: "wecom--1", retry: true }],
  [new WecomRefusal("message/send", 60020), { status: "busy", retryAt: 1_760_000_060_000 }],
  [new WecomRefusal("message/send", 81013), { status: "refused", code: "wecom-81013", retry: false }],
  [new WecomRefusal("message/send", 12345), { status: "refused", code: "wecom-12345", retry: false }],
  [new WecomUnanswered("message/send", "no", { isWritten: false }), { status: "not-connected" }],
])("tells what became of a send: %s", async (fate, outcome) => {
  fates = [fate];
  expect(await send(aSender(), say("好"))).toEqual(outcome);
});

describe("pictures and voices", () => {
  it("uploads a picture once; what 企业微信 does not show comes as a file", async () => {
    const sender = aSender();
    const parts: Part[] = [
      { type: "image", file: "png1" },
      { type: "image", file: "webp1", name: "成品.webp" },
    ];
    await send(sender, parts, { key: "m1" });
    await send(sender, parts, { key: "m2" });
    expect(uploads).toEqual(["image 图片.png", "file 成品.webp"]);
    expect(posted.map(({ msgtype }) => msgtype)).toEqual(["image", "file", "image", "file"]);
  });

  it("is not sent while its picture cannot be uploaded, and never when 企业微信 will not have it", async () => {
    const parts: Part[] = [{ type: "image", file: "png1" }];
    uploadFate = new WecomUnanswered("media/upload", "no", { isWritten: false });
    expect(await send(aSender(), parts)).toEqual({ status: "not-connected" });
    uploadFate = new WecomUnanswered("media/upload", "timeout");
    expect(await send(aSender(), parts)).toEqual({ status: "refused", code: "wecom-upload", retry: true });
    uploadFate = new WecomRefusal("media/upload", 40006);
    expect(await send(aSender(), parts)).toEqual({ status: "refused", code: "wecom-40006", retry: false });
    expect(posted).toEqual([]);
  });

  it("says a text aloud that answers a voice; when it cannot, the text goes alone", async () => {
    const parts: Part[] = [{ type: "text", text: "重启一下", spoken: true }];
    await send(aSender({ speak: async () => Buffer.from("#!AMR\n") }), parts);
    expect(posted.map(({ msgtype }) => msgtype)).toEqual(["text", "voice"]);
    posted = [];
    const mute = aSender({
      speak: async () => {
        throw new Error("no program");
      },
    });
    expect(await send(mute, parts)).toEqual({ status: "acked" });
    expect(posted.map(({ msgtype }) => msgtype)).toEqual(["text"]);
  });
});
