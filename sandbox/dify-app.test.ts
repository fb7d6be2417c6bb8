import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BLOCKING, createAsking, namesOf, refusalOf, STREAMING } from "./dify-app/asking.ts";
import type { DifyScript } from "./dify-app/script.ts";
import { startDifyApp } from "./dify-app.ts";

let dify: Awaited<ReturnType<typeof startDifyApp>>;
beforeEach(async () => {
  dify = await startDifyApp();
});
afterEach(() => dify.close());

const { post, stream } = createAsking(() => dify.url);

async function streamScript(key: string, path: string, script: DifyScript) {
  dify.script(key, script);
  return await stream(key, path);
}

describe("the answer of an app", () => {
  it("echoes the query without a script, under one task, message and conversation", async () => {
    const events = await stream("app-chat", "/chat-messages");

    expect(namesOf(events)).toEqual(["message", "message", "message_end"]);
    expect(events.map(({ answer }) => answer ?? "").join("")).toBe("怎么退货");
    expect(new Set(events.map((it) => `${it.task_id} ${it.message_id} ${it.conversation_id}`)).size).toBe(1);
    expect(dify.runs).toMatchObject([{ status: "succeeded", isClientGone: false, answer: "怎么退货" }]);
  });

  it("ends with its usage and sources", async () => {
    const retriever_resources = [{ position: 1, document_name: "退货.md", score: 0.9, content: "七天" }];
    const usage = { total_tokens: 321 };

    const events = await streamScript("app-chat", "/chat-messages", { retriever_resources, usage });

    expect(events.at(-1)).toMatchObject({
      event: "message_end",
      metadata: { usage: { total_tokens: 321, currency: "USD" }, retriever_resources },
    });
  });

  it("is replaced in the middle by a message_replace", async () => {
    const events = await streamScript("app-chat", "/chat-messages", {
      deltas: ["坏", "话", "。"],
      replaceAt: { delta: 2, answer: "不便回答" },
    });

    expect(namesOf(events)).toEqual(["message", "message", "message_replace", "message", "message_end"]);
    expect(events[2]).toMatchObject({ answer: "不便回答", reason: "output_moderation" });
    expect(dify.runs[0]?.answer).toBe("不便回答。");
  });

  it("of a chatflow has nodes around it, and the run finishes behind message_end", async () => {
    const events = await streamScript("app-chatflow", "/chat-messages", {
      deltas: ["好"],
      nodes: ["Retrieval", "LLM"],
    });

    expect(namesOf(events)).toEqual([
      ...["workflow_started", "node_started", "node_finished", "node_started"],
      ...["message", "node_finished", "message_end", "workflow_finished"],
    ]);
    expect(events.at(-1)).toMatchObject({ data: { status: "succeeded", outputs: { answer: "好" } } });
  });

  it("of a workflow comes as text_chunk and again as outputs", async () => {
    const events = await streamScript("app-workflow", "/workflows/run", { deltas: ["好", "的"] });

    const chunks = events.filter(({ event }) => event === "text_chunk");
    expect(chunks).toMatchObject([{ data: { text: "好" } }, { data: { text: "的" } }]);
    expect(events.at(-1)).toMatchObject({ event: "workflow_finished", data: { outputs: { text: "好的" } } });
  });

  it("of a silent workflow is in its outputs alone", async () => {
    const outputs = { result: "七天无理由" };

    const events = await streamScript("app-workflow", "/workflows/wf-1/run", { isSilent: true, outputs });

    expect(namesOf(events)).toEqual([
      "workflow_started",
      "node_started",
      "node_finished",
      "workflow_finished",
    ]);
    expect(events.at(-1)).toMatchObject({ data: { status: "succeeded", outputs } });
  });

  it("of an agent comes as agent_message behind its thoughts and files", async () => {
    const events = await streamScript("app-agent", "/chat-messages", {
      deltas: ["查", "到"],
      thoughts: [{ thought: "要查订单", tool: "orders;stock", tool_input: "{}", observation: "[]" }],
      messageFiles: [{ type: "image", url: "http://127.0.0.1/a.png" }],
    });

    expect(namesOf(events)).toEqual([
      ...["agent_thought", "message_file", "agent_message", "agent_message", "message_end"],
    ]);
    expect(events[0]).toMatchObject({ position: 1, tool: "orders;stock" });
    expect(events[1]).toMatchObject({ type: "image", belongs_to: "assistant" });
  });

  it("of a New Agent is repeated whole by a closing message, and tells no sources", async () => {
    const events = await streamScript("app-new-agent", "/chat-messages", { deltas: ["查", "到"] });

    expect(namesOf(events)).toEqual(["agent_message", "agent_message", "message", "message_end"]);
    expect(events[2]).toMatchObject({ answer: "查到" });
    expect(events[3]?.metadata).not.toHaveProperty("retriever_resources");
  });

  it("of a completion has no conversation", async () => {
    const body = { inputs: { query: "写标题" }, user: "u1", response_mode: "streaming" };

    const events = await stream("app-completion", "/completion-messages", body);

    expect(namesOf(events)).toEqual(["message", "message_end"]);
    expect(events[0]).toMatchObject({ answer: "写标题" });
    expect(events[0]).not.toHaveProperty("conversation_id");
  });

  it("takes in any other event where the script puts it", async () => {
    const events = await streamScript("app-chatflow", "/chat-messages", {
      deltas: ["好"],
      nodes: [],
      extras: [{ delta: 0, event: { event: "reasoning_chunk", data: { reasoning: "想", is_final: true } } }],
    });

    expect(namesOf(events).slice(0, 3)).toEqual(["workflow_started", "reasoning_chunk", "message"]);
    expect(events[1]?.task_id).toBe(events[2]?.task_id);
  });

  it.each([
    ["app-chat", "/chat-messages", { mode: "chat", event: "message", answer: "怎么退货" }],
    ["app-chatflow", "/chat-messages", { mode: "advanced-chat", answer: "怎么退货" }],
    ["app-completion", "/completion-messages", { mode: "completion", answer: "怎么退货" }],
    ["app-workflow", "/workflows/run", { data: { status: "succeeded", outputs: { text: "怎么退货" } } }],
  ])("of %s is one JSON when asked for blocking, or for nothing", async (key, path, expected) => {
    const { response_mode: _, ...silent } = BLOCKING;

    for (const body of [BLOCKING, silent]) {
      const response = await post(key, path, body);

      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject(expected);
    }
  });
});

describe("a failure", () => {
  const fault = { status: 400, code: "provider_quota_exceeded", message: "Quota" };

  it("in mid-stream is an error event under HTTP 200, and nothing behind it", async () => {
    const script = { deltas: ["一", "二"], failAfter: { delta: 1, fault } };

    const events = await streamScript("app-chat", "/chat-messages", script);

    expect(namesOf(events)).toEqual(["message", "error"]);
    expect(events[1]).toMatchObject(fault);
    expect(events[1]).not.toHaveProperty("task_id");
    expect(dify.runs[0]?.status).toBe("failed");
  });

  it.each([
    ["app-chatflow", "/chat-messages", ["message", "node_finished", "workflow_finished", "error"]],
    ["app-workflow", "/workflows/run", ["text_chunk", "node_finished", "workflow_finished"]],
  ])("of a node of %s is a failed node and run", async (key, path, names) => {
    const script: DifyScript = { deltas: ["一", "二"], failAfter: { delta: 1, in: "node" } };

    const events = await streamScript(key, path, script);

    expect(namesOf(events).slice(2)).toEqual(names);
    const finished = events.find(({ event }) => event === "workflow_finished");
    expect(finished).toMatchObject({ data: { status: "failed", error: "Completion request failed." } });
  });

  it.each([
    [400, "app_unavailable"],
    [404, "not_found"],
    [429, "too_many_requests"],
    [500, "internal_server_error"],
  ])("with status %i is a JSON envelope when nothing was begun", async (status, code) => {
    dify.script("app-chat", { refuse: { status, code, message: "No" } });

    const response = await post("app-chat", "/chat-messages", STREAMING);

    expect(response.status).toBe(status);
    expect(await refusalOf(response)).toEqual({ status, code, message: "No" });
    expect(dify.runs).toEqual([]);
    expect(dify.requests).toHaveLength(1);
  });

  it("of a blocking answer is the envelope, and of a blocking workflow's node a failed run", async () => {
    dify.script("app-chat", { failAfter: { delta: 0, fault } });
    dify.script("app-workflow", { failAfter: { delta: 0, in: "node" } });

    const chat = await post("app-chat", "/chat-messages", BLOCKING);
    const workflow = await post("app-workflow", "/workflows/run", BLOCKING);

    expect(await refusalOf(chat)).toEqual(fault);
    expect(workflow.status).toBe(200);
    expect(await workflow.json()).toMatchObject({ data: { status: "failed", outputs: {} } });
  });
});
