import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { conversationIdOf } from "../domain/conversations/conversation.ts";
import { putDocuments } from "../testing/helpdesk-documents.ts";
import { aRunningService, type RunningTestService } from "../testing/running-service.ts";

const UNKNOWN = "抱歉，您的问题可能不在服务业务范围内";
const KEY = "sk-desk-12345678";

let running: RunningTestService;
let client: OpenAI;
/** Hears of tickets. */
let listener: Server;
const called: Record<string, unknown>[] = [];

beforeAll(async () => {
  listener = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => {
      body += String(data);
    });
    request.on("end", () => {
      called.push(JSON.parse(body) as Record<string, unknown>);
      response.end();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  running = await aRunningService({
    TICKET_CALLBACK_URL: `http://127.0.0.1:${port}/tickets`,
    OPENAI_API_SERVER_KEYS: `desk:${KEY}, other:sk-other-12345678, slow:sk-slow-12345678:2`,
  });
  await putDocuments(running.service.store);
  client = new OpenAI({ apiKey: KEY, baseURL: `${running.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await running.stop();
  listener.close();
});

const ask = (content: string, extra: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
  client.chat.completions.create({ model: "helpdesk", messages: [{ role: "user", content }], ...extra });
const contentOf = (completion: OpenAI.ChatCompletion) => completion.choices[0]?.message.content ?? "";
const conversationOf = (externalConversationId: string, shop = "desk", platform = "helpdesk") =>
  conversationIdOf({ channel: "openai", platform, shop: { id: shop }, externalConversationId });
const turnsOf = async (conversation: string) => {
  const { store } = running.service;
  const messages = await store.messages.recent(conversation, 50);
  const ids = messages.flatMap(({ direction, turn_id }) =>
    direction === "out" && turn_id !== null ? [turn_id] : [],
  );
  return await Promise.all(ids.map((id) => store.turns.find(id)));
};

describe("the official client against the gateway", () => {
  it("gets an answer with its source, whole", async () => {
    const completion = await ask("vpn拨号报691，密码是对的啊");

    expect(completion).toMatchObject({
      object: "chat.completion",
      model: "helpdesk",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", refusal: null } }],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    });
    expect(contentOf(completion)).toContain("自助平台重置密码");
    expect(contentOf(completion)).toContain("（来源：《VPN 拨号报错 691》）");
  });

  it("gets it streamed: the role first, one id, and no chunk without choices unless usage is asked for", async () => {
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await client.chat.completions.create({
      model: "helpdesk",
      stream: true,
      messages: [{ role: "user", content: "打印机卡纸了怎么弄" }],
    }))
      chunks.push(chunk);

    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ choices }) => choices.length === 1)).toBe(true);
    expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: "stop" });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toContain("打开前盖");
  });

  it("gets the usage in a last chunk of its own when it asks for it", async () => {
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await client.chat.completions.create({
      model: "helpdesk",
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "你好" }],
    }))
      chunks.push(chunk);

    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 0 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it("lists both agents, and knows no other model", async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(["shop", "helpdesk"]);
    expect(await client.models.retrieve("helpdesk")).toMatchObject({ id: "helpdesk", object: "model" });
    await expect(ask("你好", { model: "gpt-9" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
      type: "invalid_request_error",
      param: "model",
    });
  });

  it("is refused without a key, with a wrong body and above its limit, in OpenAI's own envelope", async () => {
    const stranger = new OpenAI({ apiKey: "sk-nobody", baseURL: `${running.url}/v1`, maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
    await expect(client.chat.completions.create({ model: "helpdesk", messages: [] })).rejects.toMatchObject({
      status: 400,
      type: "invalid_request_error",
      param: "messages",
    });
    await expect(
      client.chat.completions.create({ model: "helpdesk", messages: [{ role: "system", content: "x" }] }),
    ).rejects.toMatchObject({ status: 400, param: "messages" });

    const slow = new OpenAI({ apiKey: "sk-slow-12345678", baseURL: `${running.url}/v1`, maxRetries: 0 });
    const asks = Array.from({ length: 3 }, () =>
      slow.chat.completions.create({ model: "helpdesk", messages: [{ role: "user", content: "你好" }] }),
    );
    const failed = (await Promise.allSettled(asks)).filter((it) => it.status === "rejected");
    expect(failed).toHaveLength(1);
    const [{ reason } = { reason: null }] = failed as PromiseRejectedResult[];
    expect(reason).toMatchObject({ status: 429, code: "rate_limit_exceeded" });
    expect(Number((reason as { headers: Headers }).headers.get("retry-after"))).toBeGreaterThan(0);
    expect((reason as { requestID: string }).requestID).toMatch(/^req_/u);
  });

  it("takes a picture as a data URL through the one door", async () => {
    const photo = await aPhoto(3);
    const url = `data:image/png;base64,${Buffer.from(photo).toString("base64")}`;
    const completion = await client.chat.completions.create({
      model: "shop",
      user: "picture-buyer",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "把这张图放大两倍多少钱" },
            { type: "image_url", image_url: { url } },
          ],
        },
      ],
    });

    expect(contentOf(completion)).toMatch(/\d+ 元/u);
    const said = await running.service.store.messages.recent(
      conversationOf("u:picture-buyer", "desk", "shop"),
      5,
    );
    expect(said[0]?.parts).toContainEqual(
      expect.objectContaining({ type: "image", picture_id: expect.any(String) as string }),
    );
  });

  it("cuts at max_tokens and says so", async () => {
    const completion = await ask("打印机卡纸了怎么弄", { max_tokens: 5 });

    expect(completion.choices[0]?.finish_reason).toBe("length");
    expect([...contentOf(completion)].length).toBeLessThanOrEqual(20);
  });

  it("may go away in the middle, and the next question is answered", async () => {
    const stream = await client.chat.completions.create({
      model: "helpdesk",
      user: "leaver",
      stream: true,
      messages: [{ role: "user", content: "打印机卡纸了怎么弄" }],
    });
    for await (const _chunk of stream) break;
    stream.controller.abort();

    expect(contentOf(await ask("服务台电话多少", { user: "leaver" }))).toContain("8000");
  });

  it("hears also of what is too large, or no endpoint, in OpenAI's own envelope", async () => {
    const post = (path: string, body: string) =>
      fetch(`${running.url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
        body,
      });
    const large = await post("/v1/chat/completions", " ".repeat(32 * 1024 * 1024 + 1));
    expect(large.status).toBe(413);
    expect(await large.json()).toEqual({
      error: {
        message: expect.stringContaining("32 MiB") as string,
        type: "invalid_request_error",
        param: null,
        code: "payload_too_large",
      },
    });
    const nowhere = await post("/v1/embeddings", "{}");
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({ error: { type: "invalid_request_error" } });
  });

  it("may end its addresses with a slash", async () => {
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await fetch(`${running.url}/v1/models/`, { headers })).status).toBe(200);
    expect((await fetch(`${running.url}/v1/models/helpdesk/`, { headers })).status).toBe(200);
  });

  it("may have called tools of its own since the question", async () => {
    const completion = await client.chat.completions.create({
      model: "helpdesk",
      messages: [
        { role: "user", content: "vpn拨号报691，密码是对的啊" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "t1", type: "function", function: { name: "now", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "t1", content: "12:00" },
      ],
    });
    expect(contentOf(completion)).toContain("自助平台");
  });

  it("is served behind a doubled /v1 too", async () => {
    const doubled = new OpenAI({ apiKey: KEY, baseURL: `${running.url}/v1/v1`, maxRetries: 0 });
    expect((await doubled.models.list()).data).toHaveLength(2);
  });
});

describe("conversations of the gateway", () => {
  const inConversation = (id: string, apiKey = KEY) =>
    new OpenAI({
      apiKey,
      baseURL: `${running.url}/v1`,
      maxRetries: 0,
      defaultHeaders: { "x-conversation-id": id },
    });

  it("go on by their id, apart per key, and the header wins", async () => {
    const other = inConversation("same", "sk-other-12345678");
    for (const it of [inConversation("same"), other])
      await it.chat.completions.create({
        model: "helpdesk",
        user: "u9",
        metadata: { conversation_id: "not-this" },
        messages: [{ role: "user", content: "你好" }],
      });

    const { store } = running.service;
    expect(await store.conversations.find(conversationOf("c:same"))).toMatchObject({ customer_id: "u:u9" });
    expect(await store.conversations.find(conversationOf("c:same", "other"))).not.toBeNull();
    expect(await store.conversations.find(conversationOf("c:not-this"))).toBeNull();
    expect(await store.messages.recent(conversationOf("c:same"), 9)).toHaveLength(2);
  });

  it("keep of every question whether the knowledge had an answer, and what was cited", async () => {
    for (const question of ["vpn报691怎么办", "食堂今天有红烧肉吗", "你好"])
      await ask(question, { user: "counted" });

    expect(await turnsOf(conversationOf("u:counted"))).toMatchObject([
      { agent: "helpdesk", knowledge: { status: "hit", citations: [{ document_id: "vpn-691.md" }] } },
      { agent: "helpdesk", knowledge: { status: "miss", citations: [] } },
      { agent: "helpdesk", knowledge: { status: "n/a", citations: [] } },
    ]);
    expect(await running.service.store.turns.misses(0, 100)).toContainEqual(
      expect.objectContaining({
        customerId: "u:counted",
        parts: [{ type: "text", text: "食堂今天有红烧肉吗" }],
      }),
    );
  });

  it("say exactly the fixed sentence when nothing answers, and offer a person", async () => {
    const [first, ...rest] = contentOf(await ask("食堂今天有红烧肉吗")).split("\n");

    expect(first).toBe(UNKNOWN);
    expect(rest.join("")).toContain("人工");
  });

  it("open a ticket for what was said before, and hand over when a person is asked for", async () => {
    await ask("三楼东侧打印机冒烟了", { user: "ticket" });
    const ticket = contentOf(await ask("帮我提个工单吧", { user: "ticket" }));
    const handoff = contentOf(await ask("我要转人工", { user: "ticket" }));

    const { store } = running.service;
    const [opened] = await store.tickets.ofConversation(conversationOf("u:ticket"));
    expect(opened).toMatchObject({ status: "open", title: "三楼东侧打印机冒烟了", customer_id: "u:ticket" });
    expect(ticket).toContain(opened?.id);
    expect(handoff).not.toBe("");
    expect(await store.handoffs.openOf(conversationOf("u:ticket"))).toMatchObject([
      { reason: "customer_asked" },
    ]);
  });

  it("tell of a ticket's progress with the next question, and other systems by callback", async () => {
    await ask("三楼东侧打印机冒烟了", { user: "progress" });
    await ask("帮我报修", { user: "progress" });
    const { store } = running.service;
    const [opened] = await store.tickets.ofConversation(conversationOf("u:progress"));
    const move = (status: string, note?: string) =>
      fetch(`${running.url}/api/operations/tickets/${opened?.id}/status`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ status, by: "小王", note }),
      });
    expect((await move("in_progress")).status).toBe(200);
    expect((await move("resolved", "已更换硒鼓")).status).toBe(200);
    const told = contentOf(await ask("你好", { user: "progress" }));

    expect(told).toContain(`您的工单 ${opened?.id}（三楼东侧打印机冒烟了）IT 同事已经开始处理`);
    expect(told).toContain("已处理好：已更换硒鼓");
    expect((await move("closed")).status).toBe(200);
    expect((await move("open")).status).toBe(409);
    await running.service.jobs.idle();
    expect(called.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["ticket.opened", "ticket.in_progress", "ticket.resolved", "ticket.closed"]),
    );
    expect(
      called.find(({ event, ticket_id }) => event === "ticket.resolved" && ticket_id === opened?.id),
    ).toMatchObject({ note: "已更换硒鼓", by: "小王", customer: { id: "u:progress" } });
  });

  it("are silent while a person has them, and bring that person's words with the next question", async () => {
    await ask("你好", { user: "held" });
    const id = conversationOf("u:held");
    const { takeover, store, ambient } = running.service;
    const fence = await takeover.takeOver(id, "小王");
    await store.messages.addOutbound({
      id: "m_person",
      conversationId: id,
      author: "person",
      parts: [{ type: "text", text: "我是小王，马上过来看" }],
      fence,
      at: ambient.now(),
    });
    const held = contentOf(await ask("vpn报691怎么办", { user: "held" }));

    expect(held).toContain("我是小王，马上过来看");
    expect(held).not.toContain("自助平台");
    expect((await store.messages.find("m_person"))?.status).toBe("sent");
    await takeover.release(id);
    expect(contentOf(await ask("服务台电话多少", { user: "held" }))).toContain("8000");
  });

  it("say in the shop's words that a person has them, to the shop's customers", async () => {
    const buyer = { model: "shop", user: "held-buyer" };
    await ask("你好", buyer);
    await running.service.takeover.takeOver(conversationOf("u:held-buyer", "desk", "shop"), "阿明");

    const held = contentOf(await ask("放大一张图多少钱", buyer));
    expect(held).toContain("正由同事处理");
    expect(held).not.toContain("IT");
  });

  it("answer a repeated request with the same answer, once", async () => {
    const repeat = () =>
      client.chat.completions.create(
        { model: "helpdesk", user: "repeat", messages: [{ role: "user", content: "服务台电话多少" }] },
        { headers: { "idempotency-key": "k-1" } },
      );
    const [first, second] = [contentOf(await repeat()), contentOf(await repeat())];

    expect(second).toBe(first);
    expect(await running.service.store.messages.recent(conversationOf("u:repeat"), 9)).toHaveLength(2);
  });

  it("take what a caller says was said before", async () => {
    const completion = await client.chat.completions.create({
      model: "helpdesk",
      messages: [
        { role: "user", content: "打印机卡纸了怎么弄" },
        { role: "assistant", content: "打开前盖。" },
        { role: "user", content: "帮我提个工单吧" },
      ],
    });

    expect(contentOf(completion)).toMatch(/工单 it_\S+ 已提交/u);
  });

  it.each([
    [
      '### Task:\nGenerate a concise, 3-5 word title with an emoji. JSON format: { "title": "" }\n<chat_history>\nUSER: VPN 连不上\n</chat_history>',
      /"title":"VPN 连不上"/u,
    ],
    ["### Task:\nGenerate 1-3 broad tags categorizing the main themes. JSON", /"tags":\[\]/u],
    ["### Task:\nSuggest 3-5 relevant follow-up questions. JSON", /"follow_ups":\[\]/u],
  ])("are not made by a chat program's own prompts", async (content, answer) => {
    const completion = await ask(content, { user: "housekeeping" });

    expect(contentOf(completion)).toMatch(answer);
    expect(await running.service.store.conversations.find(conversationOf("u:housekeeping"))).toBeNull();
  });
});
