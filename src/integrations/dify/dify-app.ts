import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { DifyTarget } from "./dify-key.ts";
import { readEvents } from "./read-events.ts";

const ANSWER_BEGINS_WITHIN_MS = 60_000;
/** Dify gives a sign of life every ten seconds. */
const SILENT_FOR_MS = 60_000;
const STOP_WITHIN_MS = 3_000;
const UPLOAD_WITHIN_MS = 20_000;
const MOST_ERROR_BYTES = 64 * 1024;

export type DifyQuestion = {
  query: string;
  /** One person: Dify keeps conversations and files apart by it. */
  user: string;
  /** Empty: a new conversation. */
  conversationId: string;
  /** Pictures as http(s) URLs, or bytes to be put there. */
  pictures: ({ url: string } | { bytes: Uint8Array; type: string })[];
  inputs: Record<string, unknown>;
};

export type DifyPiece =
  /** The next words. */
  | { type: "words"; text: string }
  /** All that was said until now is to be read as this. */
  | { type: "replaced"; text: string }
  | { type: "conversation"; id: string }
  | { type: "usage"; input: number; output: number };

const failureSchema = z.object({ code: z.string().catch(""), message: z.string().catch("") });
const usageSchema = z.object({
  prompt_tokens: z.number().catch(0),
  completion_tokens: z.number().catch(0),
});
const text = z.string().catch("");

/** Dify's no, with its HTTP status and its own code. */
export class DifyRefusal extends AppError {
  readonly status: number;
  readonly difyCode: string;

  constructor(message: string, status: number, difyCode: string) {
    super("dify-refused", message);
    this.status = status;
    this.difyCode = difyCode;
  }
}

/** With one of these an answer is whole; what stops before was cut off. */
const LAST_EVENTS: readonly string[] = ["message_end", "workflow_finished", "error", "workflow_paused"];

const PATHS = {
  chat: "chat-messages",
  agent: "chat-messages",
  chatflow: "chat-messages",
  completion: "completion-messages",
  workflow: "workflows/run",
} as const;

/**
 * Asks a Dify app (protocols §2, §3). It is always asked to stream: agent apps do nothing else. Whoever stops reading, or
 * aborts, stops Dify too.
 *
 * @throws AppError("dify-conversation-gone") when Dify does not know the conversation (any more);
 *   AppError("dify-refused") with Dify's own words; AppError("dify-unreachable")
 */
export async function* askDifyApp(
  target: DifyTarget,
  question: DifyQuestion,
  {
    signal,
    fetch = globalThis.fetch,
    silentForMs = SILENT_FOR_MS,
  }: { signal: AbortSignal; fetch?: typeof globalThis.fetch; silentForMs?: number },
): AsyncGenerator<DifyPiece> {
  const post = async (path: string, init: RequestInit, within: number) =>
    await fetch(`${target.base}/${path}`, {
      method: "POST",
      redirect: "error",
      ...init,
      headers: { authorization: `Bearer ${target.key}`, ...init.headers },
      signal: AbortSignal.any([AbortSignal.timeout(within), ...(init.signal == null ? [] : [init.signal])]),
    });

  const waiting = new AbortController();
  const late = setTimeout(() => waiting.abort(), ANSWER_BEGINS_WITHIN_MS);
  let response: Response;
  try {
    const body = JSON.stringify(await bodyOf());
    response = await fetch(`${target.base}/${PATHS[target.type]}`, {
      method: "POST",
      redirect: "error",
      headers: { authorization: `Bearer ${target.key}`, "content-type": "application/json" },
      body,
      signal: AbortSignal.any([signal, waiting.signal]),
    });
  } catch (error) {
    if (error instanceof AppError || signal.aborted) throw error;
    throw new AppError("dify-unreachable", "Dify does not answer");
  } finally {
    clearTimeout(late);
  }
  if (!response.ok || response.body === null) throw await refusalOf(response);
  if (!/^text\/event-stream\b/iu.test(response.headers.get("content-type") ?? "")) {
    await response.body.cancel();
    throw new AppError("dify-unreachable", "Dify answered in another form");
  }

  const silence = setTimeout(() => waiting.abort(), silentForMs);
  const heard = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        silence.refresh();
        controller.enqueue(bytes);
      },
    }),
  );
  let taskId: string | null = null;
  let isOver = false;
  let said = "";
  let isAgent = false;
  let hasEnded = false;
  let hasFailed = false;
  try {
    let hasConversation = false;
    for await (const event of readEvents(heard)) {
      if (typeof event.task_id === "string") taskId = event.task_id;
      hasEnded ||= typeof event.event === "string" && LAST_EVENTS.includes(event.event);
      if (!hasConversation && typeof event.conversation_id === "string" && event.conversation_id !== "") {
        hasConversation = true;
        yield { type: "conversation", id: event.conversation_id };
      }
      for (const piece of piecesOf(event)) {
        if (piece.type === "words") said += piece.text;
        if (piece.type === "replaced") said = piece.text;
        yield piece;
      }
    }
    isOver = true;
    if (!hasEnded) throw new AppError("dify-unreachable", "the answer broke off");
    if (hasFailed && said === "") throw new AppError("dify-refused", "the workflow failed");
  } catch (error) {
    if (error instanceof AppError || signal.aborted) throw error;
    throw new AppError("dify-unreachable", "the answer broke off");
  } finally {
    clearTimeout(silence);
    if (!isOver && taskId !== null) await stop(taskId);
  }

  function piecesOf(event: Record<string, unknown>): DifyPiece[] {
    switch (event.event) {
      case "message": {
        const answer = text.parse(event.answer);
        // A New Agent app closes with the whole of what it has streamed.
        return isAgent ? [{ type: "replaced", text: answer }] : wordsOf(answer);
      }
      case "agent_message":
        isAgent = true;
        return wordsOf(text.parse(event.answer));
      case "text_chunk":
        return wordsOf(text.parse((event.data as { text?: unknown } | undefined)?.text));
      case "message_replace":
        return [{ type: "replaced", text: text.parse(event.answer) }];
      case "message_end":
        return usagePieces((event.metadata as { usage?: unknown } | undefined)?.usage);
      case "workflow_finished": {
        const data = (event.data ?? {}) as { status?: unknown; outputs?: unknown; error?: unknown };
        // A failed chatflow mostly says so again in an event of its own.
        hasFailed ||= data.status === "failed";
        if (hasFailed && target.type === "workflow")
          throw new AppError("dify-refused", text.parse(data.error) || "the workflow failed");
        return said === "" ? wordsOf(outputOf(data.outputs)) : [];
      }
      case "error":
        throw new AppError("dify-refused", text.parse(event.message) || "Dify broke off");
      default:
        return [];
    }
  }

  function outputOf(outputs: unknown): string {
    if (outputs === null || typeof outputs !== "object") return "";
    const named =
      target.outputVariable === null
        ? undefined
        : (outputs as Record<string, unknown>)[target.outputVariable];
    const value =
      named ?? Object.values(outputs).find((it) => typeof it === "string") ?? Object.values(outputs)[0];
    return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  }

  async function bodyOf(): Promise<Record<string, unknown>> {
    const { query, user, conversationId, pictures } = question;
    const files = await Promise.all(pictures.map(fileOf));
    const asks = target.type === "workflow" || target.type === "completion";
    const inputs = asks
      ? {
          [target.inputVariable ?? (target.type === "workflow" ? "input" : "query")]: query,
          ...question.inputs,
        }
      : question.inputs;
    return {
      inputs,
      user,
      response_mode: "streaming",
      ...(files.length === 0 ? {} : { files }),
      ...(target.type === "workflow" ? {} : { query }),
      ...(asks ? {} : { conversation_id: conversationId, auto_generate_name: false }),
    };
  }

  async function fileOf(picture: DifyQuestion["pictures"][number]): Promise<Record<string, unknown>> {
    if ("url" in picture) return { type: "image", transfer_method: "remote_url", url: picture.url };
    const form = new FormData();
    form.set("user", question.user);
    const name = `picture.${picture.type.split("/")[1] ?? "png"}`;
    form.set("file", new Blob([new Uint8Array(picture.bytes)], { type: picture.type }), name);
    const response = await post("files/upload", { body: form, signal }, UPLOAD_WITHIN_MS);
    if (!response.ok) throw await refusalOf(response);
    const uploaded = z.object({ id: z.string() }).safeParse(await response.json());
    if (!uploaded.success) throw new AppError("dify-refused", "the picture was not taken");
    return { type: "image", transfer_method: "local_file", upload_file_id: uploaded.data.id };
  }

  async function stop(taskId: string): Promise<void> {
    const path =
      target.type === "workflow"
        ? `workflows/tasks/${encodeURIComponent(taskId)}/stop`
        : `${PATHS[target.type]}/${encodeURIComponent(taskId)}/stop`;
    const body = JSON.stringify({ user: question.user });
    await post(path, { body, headers: { "content-type": "application/json" } }, STOP_WITHIN_MS)
      .then((response) => response.body?.cancel())
      .catch(() => {});
  }
}

function wordsOf(words: string): DifyPiece[] {
  return words === "" ? [] : [{ type: "words", text: words }];
}

function usagePieces(given: unknown): DifyPiece[] {
  const usage = usageSchema.safeParse(given);
  return usage.success
    ? [{ type: "usage", input: usage.data.prompt_tokens, output: usage.data.completion_tokens }]
    : [];
}

async function refusalOf(response: Response): Promise<AppError> {
  const body = (await response.text().catch(() => "")).slice(0, MOST_ERROR_BYTES);
  const parsed = failureSchema.safeParse(parse(body));
  const { code, message } = parsed.success ? parsed.data : { code: "", message: "" };
  if (response.status === 404 && /conversation/iu.test(message))
    return new AppError("dify-conversation-gone", "Dify does not know the conversation");
  return new DifyRefusal(message || `Dify answered ${response.status}`, response.status, code);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}
