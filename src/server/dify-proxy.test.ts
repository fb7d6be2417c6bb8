import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DifyScript } from "../../sandbox/dify-app/script.ts";
import { startDifyApp } from "../../sandbox/dify-app.ts";
import { aPhoto } from "../../sandbox/pictures.ts";
import type { Log } from "../domain/log.ts";
import { aRunningService, type RunningTestService } from "../testing/running-service.ts";

let dify: Awaited<ReturnType<typeof startDifyApp>>;
let running: RunningTestService;
const logged: string[] = [];
const note = (event: string, fields?: Record<string, unknown>) => {
  logged.push(`${event} ${JSON.stringify(fields)}`);
};
const log: Log = { debug: note, info: note, warn: note, error: note };

beforeAll(async () => {
  dify = await startDifyApp();
  running = await aRunningService({ DIFY_PROXY_HOSTS: new URL(dify.url).host }, log);
});
afterAll(async () => {
  await running.stop();
  await dify.close();
});
beforeEach(() => {
  dify.requests.length = 0;
  dify.stops.length = 0;
  logged.length = 0;
  for (const key of [
    "app-chat",
    "app-agent",
    "app-chatflow",
    "app-workflow",
    "app-completion",
    "app-new-agent",
  ])
    dify.script(key, {});
});

const clientWith = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${running.url}/v1`, maxRetries: 0 });
const client = (key: string, type = "Chat") => clientWith(`${dify.url}|${key}|${type}`);
type Extra = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> & { headers?: Record<string, string> };
async function ask(by: OpenAI, content: string, { headers, ...extra }: Extra = {}): Promise<string> {
  const completion = await by.chat.completions.create(
    { model: "dify", messages: [{ role: "user", content }], ...extra },
    headers === undefined ? {} : { headers },
  );
  return completion.choices[0]?.message.content ?? "";
}
async function askStreamed(by: OpenAI, content: string) {
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  const stream = await by.chat.completions.create({
    model: "dify",
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content }],
  });
  for await (const chunk of stream) chunks.push(chunk);
  return { chunks, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("") };
}

describe("a Dify app behind the gateway", () => {
  it.each([
    ["in the header", (url: string) => [`${url}|app-chat|Chat`, "dify"]],
    ["in the header, in another order", (url: string) => [`Chat| app-chat |${url}/`, "whatever"]],
    ["in the model but for its address", (url: string) => [url, "dify|app-chat|Chat"]],
    ["in the model but for its key", (url: string) => ["app-chat", `dify|Chat|${url}`]],
  ])("is named %s", async (_how, forms) => {
    const [apiKey = "", model = ""] = forms(dify.url);

    expect(await ask(clientWith(apiKey), "你好", { model })).toContain("你好");
    expect(dify.requests.at(-1)).toMatchObject({
      key: "app-chat",
      query: "你好",
      response_mode: "streaming",
    });
  });

  it.each([
    ["app-chat", "Chat"],
    ["app-agent", "Agent"],
    ["app-chatflow", "Chatflow"],
    ["app-completion", "Completion"],
    ["app-workflow", "Workflow"],
    ["app-new-agent", "Agent"],
  ])("of the kind of %s answers once, whole and streamed, however its bytes are cut", async (key, type) => {
    const words = ["重置密码：", "打开自助平台，", "点「忘记密码」。"];
    const wires: NonNullable<DifyScript["wire"]>[] = [
      { chunkBytes: 5 },
      { chunkBytes: [3, 7, 2], hasSpace: false, lineEnd: "\r\n" },
      { pingEveryMs: 1, lastEvent: "no-line-end" },
    ];
    for (const wire of wires) {
      dify.script(key, { deltas: words, wire, delayMs: 2 });
      expect(await ask(client(key, type), "密码忘了")).toBe(words.join(""));
      const { text, chunks } = await askStreamed(client(key, type), "密码忘了");
      expect(text).toBe(words.join(""));
      expect(chunks.filter(({ choices }) => choices[0]?.finish_reason === "stop")).toHaveLength(1);
      expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
      expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    }
  });

  it("passes words on when they come, not at the end", async () => {
    dify.script("app-chat", { deltas: ["一", "二", "三"], delayMs: 150 });
    const begun = performance.now();
    let firstMs = 0;
    const stream = await client("app-chat").chat.completions.create({
      model: "dify",
      stream: true,
      messages: [{ role: "user", content: "数数" }],
    });
    for await (const { choices } of stream)
      if (firstMs === 0 && choices[0]?.delta.content) firstMs = performance.now() - begun;

    expect(performance.now() - begun - firstMs).toBeGreaterThan(150);
  });

  it("keeps a talk's conversation, apart for other people, and begins anew when Dify has forgotten it", async () => {
    const talk = (user: string) => ({ user, headers: { "x-conversation-id": "talk-1" } });
    await ask(client("app-chat"), "第一句", talk("小李"));
    await ask(client("app-chat"), "第二句", talk("小李"));
    await ask(client("app-chat"), "别人", talk("小王"));
    const [first, second, other] = dify.requests;
    expect(first).toMatchObject({ conversation_id: "", user: "小李" });
    expect(second?.conversation_id).toMatch(/\S/u);
    expect(other).toMatchObject({ conversation_id: "", user: "小王" });

    dify.conversations.clear();
    expect(await ask(client("app-chat"), "第三句", talk("小李"))).toContain("第三句");
    expect(dify.requests.slice(3).map((it) => it.conversation_id === "")).toEqual([false, true]);
  });

  it("keeps people apart who name nothing and begin with the same words", async () => {
    const by = client("app-chat");
    const first = await ask(by, "你好");
    await by.chat.completions.create({
      model: "dify",
      messages: [
        { role: "user", content: "你好" },
        { role: "assistant", content: first },
        { role: "user", content: "我是张三" },
      ],
    });
    await ask(by, "你好");
    const [opened, continued, stranger] = dify.requests;

    expect(continued).toMatchObject({ user: opened?.user });
    expect(continued?.conversation_id).not.toBe("");
    expect(stranger?.conversation_id).toBe("");
    expect(stranger?.user).not.toBe(opened?.user);
  });

  it("knows a talk without an id by what was said", async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "从头说起" }];
    const by = client("app-chat");
    const answer = await by.chat.completions.create({ model: "dify", messages });
    messages.push({ role: "assistant", content: answer.choices[0]?.message.content ?? "" });
    messages.push({ role: "user", content: "接着说" });
    await by.chat.completions.create({ model: "dify", messages });

    const [first, second] = dify.requests;
    expect(second).toMatchObject({ query: "接着说", user: first?.user });
    expect(second?.conversation_id).not.toBe("");
  });

  it("gives Dify's usage, and replaces what Dify replaces", async () => {
    dify.script("app-chat", {
      deltas: ["不该", "说的"],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
      replaceAt: { delta: 2, answer: "抱歉，这个不能说。" },
    });
    const completion = await client("app-chat").chat.completions.create({
      model: "dify",
      messages: [{ role: "user", content: "说" }],
    });
    const { text } = await askStreamed(client("app-chat"), "说");

    expect(completion.choices[0]?.message.content).toBe("抱歉，这个不能说。");
    expect(completion.usage).toEqual({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
    expect(text.endsWith("抱歉，这个不能说。")).toBe(true);
  });

  it("of a workflow that streams nothing gives what it puts out", async () => {
    dify.script("app-workflow", { isSilent: true, outputs: { n: 1, answer: "工单已建" } });

    expect(await ask(client("app-workflow", "Workflow"), "建单")).toBe("工单已建");
    expect((await askStreamed(client("app-workflow", "Workflow|input|answer"), "建单")).text).toBe(
      "工单已建",
    );
  });

  it("is given pictures: bytes are put there, addresses are passed on", async () => {
    const photo = Buffer.from(await aPhoto(5));
    await client("app-chat").chat.completions.create({
      model: "dify",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "看图" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${photo.toString("base64")}` } },
            { type: "image_url", image_url: { url: "https://example.com/a.png" } },
          ],
        },
      ],
    });

    expect(dify.requests.at(-1)?.files).toMatchObject([
      { type: "image", transfer_method: "local_file", upload_file_id: dify.files.at(-1)?.id },
      { type: "image", transfer_method: "remote_url", url: "https://example.com/a.png" },
    ]);
    expect(Buffer.from(dify.files.at(-1)?.bytes ?? []).equals(photo)).toBe(true);
  });

  it("is stopped when its caller goes away", async () => {
    dify.script("app-chat", { deltas: ["很长"], delayMs: 20, isEndless: true });
    const stream = await client("app-chat").chat.completions.create({
      model: "dify",
      stream: true,
      messages: [{ role: "user", content: "讲个长的" }],
    });
    for await (const { choices } of stream) if (choices[0]?.delta.content) break;
    stream.controller.abort();

    await expect.poll(() => dify.stops.filter(({ isObeyed }) => isObeyed).length, { timeout: 5_000 }).toBe(1);
  });

  it.each<[string, DifyScript]>([
    ["refuses", { refuse: { status: 400, code: "app_unavailable", message: "app-chat is not available" } }],
    ["fails before its first word", { failAfter: { delta: 0 } }],
    ["breaks the connection off", { deltas: ["一", "二"], cutAfter: 1 }],
  ])(
    "tells its caller when it %s, and neither the answer nor the log holds its key",
    async (_how, script) => {
      dify.script("app-chat", script);
      const failure: unknown = await ask(client("app-chat"), "你好").catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(OpenAI.APIError);
      expect((failure as { status: number }).status).toBe(_how === "refuses" ? 400 : 502);
      expect(`${String(failure)} ${logged.join(" ")}`).not.toContain("app-chat");
      await expect(askStreamed(client("app-chat"), "你好")).rejects.toThrow();
    },
  );

  it.each([
    ["on a host that is not listed", () => "http://127.0.0.1:1/v1"],
    ["with a path that is no API's", (url: string) => `${url}/../admin`],
    ["with something behind its address", (url: string) => `${url}?x=`],
    ["with a name in its address", (url: string) => url.replace("//", "//u:pw@")],
  ])("%s is refused", async (_what, place) => {
    const failure = await ask(clientWith(`${place(dify.url)}|app-chat|Chat`), "你好").catch(
      (error: unknown) => error,
    );

    expect(failure).toMatchObject({ status: 403, code: "host_not_allowed" });
    expect(dify.requests).toEqual([]);
  });
});
