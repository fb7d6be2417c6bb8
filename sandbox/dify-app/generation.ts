import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Answer, Request } from "../http-server.ts";
import type { Turn } from "./events.ts";
import type { createFiles } from "./files.ts";
import { refused } from "./refused.ts";
import { play } from "./runner.ts";
import type { DifyAppMode, DifyConversation, DifyRequest, DifyRun, DifyScript, DifyStop } from "./script.ts";

export type GenerationRoute = "chat-messages" | "completion-messages" | "workflows";
type Scripted = (request: DifyRequest) => DifyScript;

const BAD_JSON = "Failed to decode JSON object.";

/** Answers, and what it remembers of them: requests, runs, stop calls, conversations. */
export function createGeneration(files: ReturnType<typeof createFiles>, now: () => number) {
  const requests: DifyRequest[] = [];
  const runs: DifyRun[] = [];
  const stops: DifyStop[] = [];
  const conversations = new Map<string, DifyConversation>();
  const stopping = new Map<DifyRun, AbortController>();

  async function generate(
    {
      key,
      mode,
      route,
      script,
    }: { key: string; mode: DifyAppMode; route: GenerationRoute; script: Scripted },
    asked: Request,
    response: ServerResponse,
  ): Promise<Answer | null> {
    const request = readRequest(key, asked);
    if (request === null) return refused(400, "bad_request", BAD_JSON);
    requests.push(request);
    const refusal = wrongRoute(mode, route) ?? wrongRequest(request, mode, route);
    if (refusal !== null) return refusal;
    const { conversation_id, user } = request;
    const known = conversations.get(conversation_id);
    if (hasConversations(mode) && conversation_id !== "" && (known?.key !== key || known.user !== user))
      return refused(404, "not_found", "Conversation Not Exists.");
    const own = script(request);
    if (own.refuse !== undefined) {
      const { status, code, message } = own.refuse;
      return refused(status, code, message);
    }

    const conversation = hasConversations(mode) ? (known ?? open(key, user)) : null;
    const run: DifyRun = {
      taskId: randomUUID(),
      messageId: randomUUID(),
      workflowRunId: randomUUID(),
      conversationId: conversation?.id ?? "",
      request,
      status: "running",
      isClientGone: false,
      answer: "",
    };
    const stop = new AbortController();
    runs.push(run);
    stopping.set(run, stop);
    const turn: Turn = { mode, script: own, run, at: Math.floor(now() / 1000) };
    const answer = await play(turn, response, stop.signal);
    stopping.delete(run);
    conversation?.turns.push({ query: request.query, answer: run.answer });
    return answer;
  }

  function open(key: string, user: string): DifyConversation {
    const conversation: DifyConversation = { id: randomUUID(), key, user, turns: [] };
    conversations.set(conversation.id, conversation);
    return conversation;
  }

  function wrongRequest(request: DifyRequest, mode: DifyAppMode, route: GenerationRoute): Answer | null {
    const { body, user, key } = request;
    if (user === "") return refused(400, "invalid_param", "Arg user must be provided.");
    if (typeof body.inputs !== "object" || body.inputs === null)
      return refused(400, "invalid_param", "inputs is required");
    if (route === "chat-messages" && request.query === "")
      return refused(400, "invalid_param", "query is required");
    const lost = request.files.find(
      (file) => file.transfer_method === "local_file" && !files.has(file.upload_file_id, key, user),
    );
    if (lost !== undefined) return refused(400, "invalid_param", "Invalid upload file");
    if (request.response_mode === "blocking" && mode === "agent")
      return refused(400, "invalid_param", "Agent Chat App does not support blocking mode");
    if (request.response_mode === "blocking" && mode === "new-agent")
      return refused(400, "bad_request", "Agent App does not support blocking mode");
    return null;
  }

  return {
    requests,
    runs,
    stops,
    conversations,
    generate,
    /** Like Dify, it says success whether there was something to stop or not. */
    stop(
      {
        key,
        mode,
        route,
        taskId,
      }: { key: string; mode: DifyAppMode; route: GenerationRoute; taskId: string },
      { path, body }: Request,
    ): Answer {
      const user = textOf(readObject(body)?.user);
      const run = runs.find(
        ({ taskId: own, request, status }) =>
          own === taskId && request.key === key && request.user === user && status === "running",
      );
      const refusal = wrongRoute(mode, route);
      stops.push({ path, key, taskId, user, isObeyed: run !== undefined && refusal === null });
      if (refusal !== null) return refusal;
      if (user === "") return refused(400, "invalid_param", "Arg user must be provided.");
      if (run !== undefined) stopping.get(run)?.abort();
      return { status: 200, body: { result: "success" } };
    },
    stopAll(): void {
      for (const stop of stopping.values()) stop.abort();
    },
  };
}

function readRequest(key: string, { path, body: text }: Request): DifyRequest | null {
  const body = readObject(text);
  if (body === null) return null;
  const { inputs, files } = body;
  return {
    path,
    key,
    query: textOf(body.query),
    inputs: typeof inputs === "object" && inputs !== null ? (inputs as Record<string, unknown>) : {},
    user: textOf(body.user),
    conversation_id: textOf(body.conversation_id),
    files: Array.isArray(files) ? (files as Record<string, unknown>[]) : [],
    response_mode: body.response_mode === "streaming" ? "streaming" : "blocking",
    body,
  };
}

function readObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function hasConversations(mode: DifyAppMode): boolean {
  return mode !== "workflow" && mode !== "completion";
}

function wrongRoute(mode: DifyAppMode, route: GenerationRoute): Answer | null {
  const wrong = "Please check if your app mode matches the right API route.";
  if (route === "chat-messages") return hasConversations(mode) ? null : refused(400, "not_chat_app", wrong);
  if (route === "workflows") return mode === "workflow" ? null : refused(400, "not_workflow_app", wrong);
  const unavailable = "App unavailable, please check your app configurations.";
  return mode === "completion" ? null : refused(400, "app_unavailable", unavailable);
}
