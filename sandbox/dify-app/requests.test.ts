import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startDifyApp } from "../dify-app.ts";
import { BLOCKING, createAsking, namesOf, refusalOf, STREAMING } from "./asking.ts";
import { eventsIn } from "./raw-stream.ts";

let dify: Awaited<ReturnType<typeof startDifyApp>>;
beforeEach(async () => {
  dify = await startDifyApp({ uploadLimits: { image: 8 }, unsupportedExtensions: ["exe"] });
});
afterEach(() => dify.close());

const { post, stream } = createAsking(() => dify.url);

describe("a request", () => {
  it("is refused without a known key", async () => {
    const response = await post("app-nobody", "/chat-messages", STREAMING);

    expect(await refusalOf(response)).toMatchObject({ status: 401, code: "unauthorized" });
  });

  it.each([
    ["app-agent", "/chat-messages", BLOCKING, "invalid_param"],
    ["app-new-agent", "/chat-messages", BLOCKING, "bad_request"],
    ["app-workflow", "/chat-messages", STREAMING, "not_chat_app"],
    ["app-chat", "/workflows/run", STREAMING, "not_workflow_app"],
    ["app-chat", "/completion-messages", STREAMING, "app_unavailable"],
    ["app-chat", "/chat-messages", { query: "?", inputs: {} }, "invalid_param"],
    ["app-chat", "/chat-messages", { query: "?", user: "u1" }, "invalid_param"],
    ["app-chat", "/chat-messages", { inputs: {}, user: "u1" }, "invalid_param"],
    ["app-chat", "/chat-messages", "no object", "bad_request"],
  ])("of %s at %s is refused with 400 when it is %j", async (key, path, body, code) => {
    const response = await post(key, path, body);

    expect(await refusalOf(response)).toMatchObject({ status: 400, code });
  });

  it("is recorded with all that it brought, and read by a script", async () => {
    dify.script("app-chat", ({ query, user }) => ({ deltas: [`${user}: ${query}`] }));
    const files = [{ type: "image", transfer_method: "remote_url", url: "http://127.0.0.1/a.png" }];

    await stream("app-chat", "/chat-messages", { ...STREAMING, inputs: { shop: "s1" }, files });

    expect(dify.requests).toMatchObject([
      { path: "/v1/chat-messages", key: "app-chat", query: "怎么退货", inputs: { shop: "s1" }, user: "u1" },
    ]);
    expect(dify.requests[0]).toMatchObject({ files, conversation_id: "", response_mode: "streaming" });
    expect(dify.runs[0]?.answer).toBe("u1: 怎么退货");
  });
});

describe("a conversation", () => {
  it("goes on for its app and user alone, until it is forgotten", async () => {
    const [first] = await stream("app-chat", "/chat-messages");
    const again = { ...STREAMING, conversation_id: first?.conversation_id };

    const [second] = await stream("app-chat", "/chat-messages", again);

    expect(second?.conversation_id).toBe(first?.conversation_id);
    expect([...dify.conversations.values()]).toMatchObject([{ user: "u1", turns: [{}, {}] }]);
    const gone = { status: 404, code: "not_found", message: "Conversation Not Exists." };
    const strangers = [
      () => post("app-chat", "/chat-messages", { ...again, user: "u2" }),
      () => post("app-chatflow", "/chat-messages", again),
      () => post("app-chat", "/chat-messages", { ...again, conversation_id: "nowhere" }),
    ];
    for (const ask of strangers) expect(await refusalOf(await ask())).toEqual(gone);
    dify.conversations.clear();
    expect(await refusalOf(await post("app-chat", "/chat-messages", again))).toEqual(gone);
  });
});

describe("an endless answer", () => {
  async function begin(key: string, path: string, signal: AbortSignal | null = null) {
    dify.script(key, { deltas: ["一"], isEndless: true, nodes: [] });
    const response = await post(key, path, STREAMING, signal);
    await vi.waitFor(() => expect(dify.runs[0]?.answer).toBe("一"));
    return { response, taskId: dify.runs[0]?.taskId };
  }

  it("runs on when the client goes away, which is recorded, until stop is called", async () => {
    const client = new AbortController();
    const { taskId } = await begin("app-chat", "/chat-messages", client.signal);

    client.abort();
    await vi.waitFor(() => expect(dify.runs[0]?.isClientGone).toBe(true));

    expect(dify.runs[0]?.status).toBe("running");
    const stop = await post("app-chat", `/chat-messages/${taskId}/stop`, { user: "u1" });
    expect(await stop.json()).toEqual({ result: "success" });
    await vi.waitFor(() => expect(dify.runs[0]?.status).toBe("stopped"));
    expect(dify.stops).toMatchObject([{ key: "app-chat", taskId, user: "u1", isObeyed: true }]);
  });

  it.each([
    ["app-chat", "/chat-messages", "/chat-messages", ["message", "message_end"]],
    ["app-completion", "/completion-messages", "/completion-messages", ["message", "message_end"]],
    [
      "app-workflow",
      "/workflows/run",
      "/workflows/tasks",
      ["workflow_started", "text_chunk", "workflow_finished"],
    ],
  ])("of %s ends in order when it is stopped", async (key, path, stopPath, names) => {
    const { response, taskId } = await begin(key, path);

    await post(key, `${stopPath}/${taskId}/stop`, { user: "u1" });

    expect(namesOf(eventsIn(await response.text()))).toEqual(names);
  });

  it("is stopped between two deltas of a slow one, and what was said stays said", async () => {
    dify.script("app-chatflow", { deltas: Array<string>(50).fill("好"), delayMs: 10, nodes: [] });
    const response = await post("app-chatflow", "/chat-messages", STREAMING);
    await vi.waitFor(() => expect(dify.runs[0]?.answer).toContain("好好"));

    await post("app-chatflow", `/chat-messages/${dify.runs[0]?.taskId}/stop`, { user: "u1" });

    const events = eventsIn(await response.text());
    expect(namesOf(events).slice(-2)).toEqual(["message_end", "workflow_finished"]);
    expect(events.at(-1)).toMatchObject({ data: { status: "stopped" } });
    expect(events.filter(({ event }) => event === "message")).toHaveLength(
      [...(dify.runs[0]?.answer ?? "")].length,
    );
    expect(dify.runs[0]?.answer.length).toBeLessThan(50);
  });

  it("does not keep the stand-in from closing", async () => {
    const { response } = await begin("app-chat", "/chat-messages");

    await dify.close();

    // Either its orderly end came through or the connection was cut; it is over.
    await response.text().catch(() => {});
    await vi.waitFor(() => expect(dify.runs[0]?.status).toBe("stopped"));
    dify = await startDifyApp();
  });

  it("is not stopped by another user or app, though told success", async () => {
    const { taskId } = await begin("app-chat", "/chat-messages");

    const another = await post("app-chat", `/chat-messages/${taskId}/stop`, { user: "u2" });
    await post("app-chatflow", `/chat-messages/${taskId}/stop`, { user: "u1" });

    expect(another.status).toBe(200);
    expect(dify.stops.map(({ isObeyed }) => isObeyed)).toEqual([false, false]);
    expect(dify.runs[0]?.status).toBe("running");
  });
});

describe("a file", () => {
  function upload(name: string, bytes: string, { type = "image/png", user = "u1" } = {}) {
    const body = new FormData();
    body.append("file", new File([bytes], name, { type }));
    if (user !== "") body.append("user", user);
    return fetch(`${dify.url}/files/upload`, {
      method: "POST",
      headers: { authorization: "Bearer app-chat" },
      body,
    });
  }

  it("is kept for its user, who may send it with a question", async () => {
    const response = await upload("a.png", "12345");
    const { id, ...told } = (await response.json()) as { id: string };
    const files = [{ type: "image", transfer_method: "local_file", upload_file_id: id }];

    expect(response.status).toBe(201);
    expect(told).toMatchObject({ name: "a.png", size: 5, extension: "png", mime_type: "image/png" });
    expect((await post("app-chat", "/chat-messages", { ...BLOCKING, files })).status).toBe(200);
    const stranger = await post("app-chat", "/chat-messages", { ...BLOCKING, files, user: "u2" });
    expect(await refusalOf(stranger)).toMatchObject({ status: 400, message: "Invalid upload file" });
  });

  it.each([
    [413, "file_too_large", () => upload("a.png", "123456789")],
    [415, "unsupported_file_type", () => upload("a.exe", "1")],
    [400, "invalid_param", () => upload("a.png", "1", { user: "" })],
    [415, "unsupported_file_type", () => post("app-chat", "/files/upload", {})],
  ])("is refused with %i %s", async (status, code, send) => {
    expect(await refusalOf(await send())).toMatchObject({ status, code });
    expect(dify.files).toEqual([]);
  });
});

describe("what an app tells of itself", () => {
  const get = async (key: string, path: string) => {
    const response = await fetch(`${dify.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
    return (await response.json()) as Record<string, unknown>;
  };

  it("is its mode in Dify's words, and its parameters", async () => {
    expect(await get("app-agent", "/info")).toMatchObject({ mode: "agent-chat" });
    expect(await get("app-new-agent", "/info")).toMatchObject({ mode: "agent" });
    expect(await get("app-chatflow", "/parameters?user=u1")).toMatchObject({
      user_input_form: [],
      system_parameters: { audio_file_size_limit: 50 },
    });
  });
});
