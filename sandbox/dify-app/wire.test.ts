import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startDifyApp } from "../dify-app.ts";
import { askRaw, eventsIn } from "./raw-stream.ts";
import type { DifyScript } from "./script.ts";

let dify: Awaited<ReturnType<typeof startDifyApp>>;
beforeEach(async () => {
  dify = await startDifyApp();
});
afterEach(() => dify.close());

function ask(script: DifyScript) {
  dify.script("app-chat", script);
  const body = { query: "你好", inputs: {}, user: "u1", response_mode: "streaming" };
  return askRaw(`${dify.url}/chat-messages`, "app-chat", body);
}

describe("the bytes of a stream", () => {
  it("are one piece per event, each with a space behind data: and a blank line", async () => {
    const { pieces, isWhole } = await ask({ deltas: ["您好", "！"] });

    expect(pieces.map(String)).toEqual([
      expect.stringMatching(/^data: \{"event":"message",.*"answer":"您好".*\}\n\n$/u),
      expect.stringMatching(/^data: \{"event":"message",.*"answer":"！".*\}\n\n$/u),
      expect.stringMatching(/^data: \{"event":"message_end",.*\}\n\n$/u),
    ]);
    expect(isWhole).toBe(true);
  });

  it("are cut inside a character and inside the word data", async () => {
    const { pieces, body } = await ask({
      deltas: ["空调不制冷", "请检查滤网"],
      wire: { chunkBytes: [1, 2, 7] },
    });

    expect(pieces.slice(0, 6).map((piece) => piece.length)).toEqual([1, 2, 7, 1, 2, 7]);
    expect(pieces.slice(0, 2).map(String)).toEqual(["d", "at"]);
    expect(pieces.map(String).join("")).toContain("\uFFFD");
    expect(answerOf(body)).toBe("空调不制冷请检查滤网");
  });

  it("arrive at a client in pieces that cannot be read one by one", async () => {
    dify.script("app-chat", { deltas: ["滤网"], wire: { chunkBytes: 5 } });
    const response = await fetch(`${dify.url}/chat-messages`, {
      method: "POST",
      headers: { authorization: "Bearer app-chat" },
      body: JSON.stringify({ query: "?", inputs: {}, user: "u1", response_mode: "streaming" }),
    });

    const pieces: Buffer[] = [];
    for await (const piece of response.body ?? []) pieces.push(Buffer.from(piece));

    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.map(String).join("")).toContain("\uFFFD");
    expect(answerOf(Buffer.concat(pieces))).toBe("滤网");
  });

  it("are joined over events when a piece is larger than they are", async () => {
    const { pieces } = await ask({
      deltas: ["一", "二", "三"],
      wire: { chunkBytes: Number.POSITIVE_INFINITY },
    });

    expect(pieces.map((piece) => eventsIn(String(piece)).length)).toEqual([4]);
  });

  it("leave out the space behind data: when told to", async () => {
    const { body } = await ask({ wire: { hasSpace: false } });

    expect(String(body)).toMatch(/^data:\{/u);
    expect(String(body)).not.toMatch(/^data: /mu);
  });

  it("have CRLF line ends when told to", async () => {
    const { body } = await ask({ delayMs: 15, wire: { lineEnd: "\r\n", pingEveryMs: 5 } });

    expect(String(body)).toMatch(/\}\r\n\r\ndata: /u);
    expect(String(body)).toContain("event: ping\r\n\r\n");
    expect(String(body).replaceAll("\r\n", "")).not.toContain("\n");
  });

  it.each([
    ["no-blank-line", /"message_end".*\}\n$/u],
    ["no-line-end", /"message_end".*\}$/u],
  ] as const)("end in the last event with %s", async (lastEvent, end) => {
    const { body, isWhole } = await ask({ wire: { lastEvent } });

    expect(String(body)).toMatch(end);
    expect(String(body).match(/\n\n/gu)).toHaveLength(1);
    expect(isWhole).toBe(true);
  });

  it("hold bare pings without data between whole events", async () => {
    const { body } = await ask({
      deltas: ["一", "二"],
      delayMs: 40,
      wire: { pingEveryMs: 5, chunkBytes: 3 },
    });

    const blocks = String(body).split("\n\n");
    expect(blocks.filter((block) => block === "event: ping").length).toBeGreaterThan(2);
    expect(blocks.filter((block) => block !== "event: ping" && !block.startsWith("data: "))).toEqual([""]);
    expect(answerOf(body)).toBe("一二");
  });

  it("do not begin before the silence is over, the head included", async () => {
    const { firstByteMs } = await ask({ hangMs: 60 });

    expect(firstByteMs).toBeGreaterThan(50);
  });

  it("stop without an end when the connection is cut", async () => {
    const { status, body, isWhole } = await ask({ deltas: ["一", "二"], cutAfter: 1 });

    expect(status).toBe(200);
    expect(answerOf(body)).toBe("一");
    expect(isWhole).toBe(false);
    expect(dify.runs[0]).toMatchObject({ status: "cut", isClientGone: false });
  });
});

function answerOf(body: Buffer): string {
  return eventsIn(String(body))
    .map(({ event, answer }) => (event === "message" ? answer : ""))
    .join("");
}
