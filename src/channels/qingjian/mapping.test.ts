import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { inboundFrameSchema } from "./frames.ts";
import { createFrameMapper } from "./mapping.ts";
import { profileSchema } from "./profile.ts";

function mapperOf(name: string) {
  return createFrameMapper(profileSchema.parse(parse(readFileSync(`config/bridge/${name}.yaml`, "utf8"))));
}

type Sample = { id: string; raw: unknown; expect: unknown };

describe.each(["flat", "push"])("the %s profile replays its recorded frames", (name) => {
  const lines = readFileSync(new URL(`./__fixtures__/${name}.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n");
  it.each(lines.map((line) => JSON.parse(line) as Sample))("$id", ({ raw, expect: expected }) => {
    const mapped = mapperOf(name)
      .inbound(raw)
      .map((it) =>
        it.status === "mapped" ? { status: "ok", frame: inboundFrameSchema.parse(it.frame) } : it,
      );

    expect(mapped).toMatchObject(Array.isArray(expected) ? expected : [expected]);
  });
});

describe("outbound", () => {
  const reply = {
    kind: "reply" as const,
    platform: "taobao",
    shop: { id: "7" },
    conversation: { id: "u9" },
    messages: [
      { type: "text" as const, text: "您好" },
      { type: "image" as const, data_url: "data:image/png;base64,AA==" },
    ],
    mode: "send" as const,
    idempotency_key: "m_1",
  };

  it("writes one raw frame per bubble with a key of its own where the platform takes single bubbles", () => {
    expect(mapperOf("flat").outbound(reply, { id: "out_1", ts: 1 })).toEqual([
      { type: "send", msg_type: "text", store_id: "7", receiver: "u9", content: "您好", request_id: "m_1#0" },
      {
        type: "send",
        msg_type: "image",
        store_id: "7",
        receiver: "u9",
        content: "data:image/png;base64,AA==",
        request_id: "m_1#1",
      },
    ]);
  });

  it("writes the frame one to one in the neutral profile", () => {
    expect(mapperOf("neutral").outbound(reply, { id: "out_1", ts: 1 })).toEqual([
      { v: 1, ...reply, id: "out_1", ts: 1 },
    ]);
  });

  it("writes nothing for a frame that the profile does not know", () => {
    expect(mapperOf("flat").outbound({ kind: "ack", ref: "f1", ok: true }, { id: "out_1", ts: 1 })).toEqual(
      [],
    );
  });
});

describe("a profile file", () => {
  it.each([
    [
      "an unknown transform",
      {
        inbound: [
          { when: { path: "a" }, kind: "message", fields: { id: { path: "b", transform: "shout" } } },
        ],
      },
    ],
    ["an unknown kind", { inbound: [{ when: { path: "a" }, kind: "dance" }] }],
    ["no word on deduplication", { dedupes: undefined }],
  ])("is refused for %s", (_what, overrides) => {
    const profile = { name: "x", dedupes: true, inbound: "identity", outbound: "identity", ...overrides };

    expect(profileSchema.safeParse(profile).success).toBe(false);
  });

  it("does not reach through prototypes", () => {
    const mapper = createFrameMapper(
      profileSchema.parse({
        name: "x",
        dedupes: true,
        outbound: "identity",
        inbound: [{ when: { path: "constructor.name", op: "exists" }, kind: "ping" }],
      }),
    );

    expect(mapper.inbound({})).toEqual([{ status: "unmatched" }]);
  });
});
