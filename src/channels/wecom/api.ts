import { z } from "zod";
import type { SendOutcome } from "../../domain/conversations/sender.ts";
import { AppError, errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { actionFor, ERROR_CODES } from "./error-codes.ts";

const ANSWER_WITHIN_MS = 5_000;
const MEDIA_WITHIN_MS = 15_000;
const MOST_MEDIA_BYTES = 20 * 1024 * 1024;
const MOST_ANSWER_BYTES = 4 * 1024 * 1024;
/** A token is fetched anew before 企业微信 ends it. */
const RENEW_BEFORE_MS = 300_000;
const REFUSED_AGAIN_MS = 60_000;

const answerSchema = z.looseObject({ errcode: z.int().default(0), errmsg: z.string().default("") });
const tokenSchema = answerSchema.extend({
  access_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
});

export type WecomAnswer = z.infer<typeof answerSchema>;
export type MediaType = "image" | "voice" | "file";

/** 企业微信 refused a call: `errcode` is its own. */
export class WecomRefusal extends AppError {
  readonly errcode: number;

  constructor(endpoint: string, errcode: number) {
    super("wecom-refused", `${endpoint}: ${errcode} ${ERROR_CODES[errcode]?.hint ?? ""}`.trim());
    this.errcode = errcode;
  }
}

/** Nobody answered. `isWritten` false: the request cannot have arrived. */
export class WecomUnanswered extends AppError {
  readonly isWritten: boolean;

  constructor(
    endpoint: string,
    cause: unknown,
    // A token that was not given: what it was for has not been sent.
    {
      isWritten = endpoint !== "gettoken" && !NEVER_ARRIVED.has(reasonOf(cause)),
    }: { isWritten?: boolean } = {},
  ) {
    // The text of a failed fetch may hold the address, and so the token.
    super("wecom-unanswered", `${endpoint} was not answered: ${reasonOf(cause)}`);
    this.isWritten = isWritten;
  }
}

/** The time in which it might have been written was over before it could be. */
export class WecomTooLate extends AppError {
  constructor(endpoint: string) {
    super("wecom-too-late", `${endpoint} was not begun in time`);
  }
}

export type WecomApi = ReturnType<typeof createWecomApi>;

/**
 * The HTTP API of 企业微信 for one secret. The token is fetched once for all who need it and kept; when 企业微信 says that it
 * is over, it is fetched anew and the call repeated once.
 *
 * Every call throws WecomRefusal, WecomUnanswered, or WecomTooLate where it has a last moment.
 */
export function createWecomApi({
  baseUrl,
  corpId,
  secret,
  now,
  log,
}: {
  baseUrl: string;
  corpId: string;
  secret: string;
  now: () => number;
  log: Log;
}) {
  let token: { value: string; endsAt: number } | null = null;
  let fetching: Promise<string> | null = null;

  async function currentToken(): Promise<string> {
    if (token !== null && now() < token.endsAt) return token.value;
    fetching ??= fetchToken().finally(() => {
      fetching = null;
    });
    return await fetching;
  }

  async function fetchToken(): Promise<string> {
    const url = address("gettoken", { corpid: corpId, corpsecret: secret });
    const read = tokenSchema.safeParse(await ask("gettoken", url, { method: "GET" }, ANSWER_WITHIN_MS));
    if (!read.success) throw new WecomUnanswered("gettoken", "no token in the answer");
    const { errcode, access_token: value, expires_in: seconds = 7200 } = read.data;
    if (errcode !== 0 || value === undefined) throw refusal("gettoken", errcode);
    token = { value, endsAt: now() + Math.max(seconds * 1000 - RENEW_BEFORE_MS, seconds * 500) };
    return value;
  }

  function address(endpoint: string, query: Record<string, string>): URL {
    const url = new URL(`cgi-bin/${endpoint}`, baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  /** With a token that holds: once more when 企业微信 says that ours is over. */
  async function withToken<Value extends WecomAnswer>(
    endpoint: string,
    query: Record<string, string>,
    work: (url: URL) => Promise<Value>,
    before = Number.POSITIVE_INFINITY,
  ): Promise<Value> {
    for (let isAgain = false; ; isAgain = true) {
      const used = await currentToken();
      if (now() >= before) throw new WecomTooLate(endpoint);
      const answer = await work(address(endpoint, { access_token: used, ...query }));
      if (answer.errcode === 0) return answer;
      if (actionFor(answer.errcode) !== "renew" || isAgain) throw refusal(endpoint, answer.errcode);
      // Another call may have a new one already.
      if (token?.value === used) token = null;
    }
  }

  function refusal(endpoint: string, errcode: number): WecomRefusal {
    const refused = new WecomRefusal(endpoint, errcode);
    if (actionFor(errcode) === "settings") log.error("wecom.settings", { endpoint, error: refused.message });
    return refused;
  }

  return {
    /** Has a token at hand, so that what follows need not wait for one; else what that means for a send. */
    async ready(): Promise<SendOutcome | null> {
      try {
        await currentToken();
        return null;
      } catch (error) {
        if (error instanceof WecomUnanswered) return { status: "not-connected" };
        if (!(error instanceof WecomRefusal)) throw error;
        return { status: "busy", retryAt: now() + REFUSED_AGAIN_MS };
      }
    },

    /**
     * Posts JSON and gives the answer, whose errcode is 0.
     *
     * @param before - UTC ms: it is not begun then or later
     */
    async post(endpoint: string, body: unknown, before?: number): Promise<WecomAnswer> {
      const headers = { "content-type": "application/json" };
      const request = { method: "POST", headers, body: JSON.stringify(body) };
      return await withToken(
        endpoint,
        {},
        async (url) => read(endpoint, await ask(endpoint, url, request, ANSWER_WITHIN_MS)),
        before,
      );
    },

    /** @returns the media_id, good for three days */
    async upload(type: MediaType, bytes: Uint8Array, filename: string): Promise<string> {
      const form = new FormData();
      form.set("media", new Blob([new Uint8Array(bytes)]), filename);
      const request = { method: "POST", body: form };
      const answer = await withToken("media/upload", { type }, async (url) =>
        read("media/upload", await ask("media/upload", url, request, MEDIA_WITHIN_MS)),
      );
      const id = z.string().min(1).safeParse(answer.media_id);
      if (!id.success) throw new WecomUnanswered("media/upload", "no media_id in the answer");
      return id.data;
    },

    /** What a customer sent. What 企业微信 does not have is JSON with status 200, so the type says which it is. */
    async media(id: string): Promise<Uint8Array> {
      const { bytes } = await withToken("media/get", { media_id: id }, async (url) => {
        const { type, bytes } = await fetchBounded("media/get", url, { method: "GET" }, MEDIA_WITHIN_MS);
        if (!/^(?:application\/json|text\/)/iu.test(type)) return { errcode: 0, errmsg: "", bytes };
        return { ...read("media/get", parse("media/get", bytes)), bytes };
      });
      return bytes;
    },
  };
}

function read(endpoint: string, answer: unknown): WecomAnswer {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw new WecomUnanswered(endpoint, "an answer in another form");
  return parsed.data;
}

async function ask(endpoint: string, url: URL, request: RequestInit, withinMs: number): Promise<unknown> {
  const { bytes } = await fetchBounded(endpoint, url, request, withinMs, MOST_ANSWER_BYTES);
  return parse(endpoint, bytes);
}

function parse(endpoint: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new WecomUnanswered(endpoint, "the answer is not JSON");
  }
}

async function fetchBounded(
  endpoint: string,
  url: URL,
  request: RequestInit,
  withinMs: number,
  maxBytes = MOST_MEDIA_BYTES,
): Promise<{ type: string; bytes: Uint8Array }> {
  try {
    const response = await fetch(url, {
      ...request,
      redirect: "error",
      signal: AbortSignal.timeout(withinMs),
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new Error("more than may be read");
      chunks.push(chunk);
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    return { type: response.headers.get("content-type") ?? "", bytes: Buffer.concat(chunks) };
  } catch (error) {
    throw new WecomUnanswered(endpoint, error);
  }
}

const NEVER_ARRIVED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** A code or a name only. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return errorText(error);
  const { cause, name, message } = error;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return name === "Error" ? message : name;
}
