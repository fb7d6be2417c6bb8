import type { ServerResponse } from "node:http";
import type { Answer, Request } from "../http-server.ts";
import { type Faults, pause } from "./faults.ts";
import type { Tokens } from "./tokens.ts";
import { type FileAnswer, type Handler, type Json, type JsonAnswer, refused } from "./wire.ts";

const BAD_JSON = 47001;
const NOT_PERMITTED = 48002;
const REVOKING = [40014, 42001];

/** One request to /cgi-bin/ and its answer; body is empty for what is not JSON. */
export type ApiRecord = { endpoint: string; query: Json; body: Json; errcode: number | null };

/** Routes /cgi-bin/: orders of the test first, then the token, then the handler. */
export function createApi(deps: {
  tokens: Tokens;
  faults: Faults;
  handlers: Record<string, Handler>;
  /** By response_code instead of a token. */
  respondByUrl: (query: URLSearchParams, body: Json) => JsonAnswer;
  onCall: () => void;
}) {
  const { tokens, faults, handlers, respondByUrl, onCall } = deps;
  const calls: ApiRecord[] = [];

  function answerOf(endpoint: string, query: URLSearchParams, body: Json | null, request: Request) {
    if (endpoint === "gettoken") return tokens.gettoken(query);
    if (body === null) return refused(BAD_JSON, "data format error");
    if (endpoint === "aibot/response") return respondByUrl(query, body);
    const checked = tokens.check(query.get("access_token"));
    if ("refusal" in checked) return checked.refusal;
    const { grant } = checked;
    if (endpoint.startsWith("kf/") && !grant.mayCallKf) return refused(NOT_PERMITTED, "api forbidden");
    const contentType = request.headers["content-type"] ?? "";
    return handlers[endpoint]?.({ query, body, raw: request.raw, contentType, grant }) ?? null;
  }

  async function handle(request: Request, response: ServerResponse): Promise<Answer | null> {
    const { pathname, searchParams: query } = new URL(request.path, "http://sandbox");
    const endpoint = pathname.slice("/cgi-bin/".length);
    const record: ApiRecord = { endpoint, query: Object.fromEntries(query), body: {}, errcode: null };
    calls.push(record);

    const fault = faults.take(endpoint);
    if (fault?.kind === "http-500") return { status: 500 };
    if (fault?.kind === "cut") {
      response.destroy();
      return null;
    }
    if (fault?.kind === "slow") await pause(fault.ms ?? 0);
    const body = jsonIn(request);
    record.body = body ?? {};
    let answer: JsonAnswer | FileAnswer | null;
    if (typeof fault?.kind === "number") {
      if (REVOKING.includes(fault.kind)) tokens.revoke(query.get("access_token"), fault.kind);
      answer = refused(fault.kind, "as ordered by the test");
    } else answer = await answerOf(endpoint, query, body, request);
    if (answer === null) return { status: 404, body: { errcode: 404, errmsg: `no ${endpoint} here` } };

    record.errcode = "errcode" in answer ? answer.errcode : 0;
    onCall();
    if (fault?.kind === "answer-lost") {
      response.destroy();
      return null;
    }
    return asHttp(answer, response);
  }

  return { calls, handle };
}

export function asHttp(answer: JsonAnswer | FileAnswer, response: ServerResponse): Answer {
  if (!("bytes" in answer)) return { status: 200, body: answer };
  const { bytes, type, filename } = answer as FileAnswer;
  const encoded = encodeURIComponent(filename);
  // Both forms, as 企业微信 does; only the second one can hold a name that is not ASCII.
  response.setHeader("content-disposition", `attachment; filename="${encoded}"; filename*=utf-8''${encoded}`);
  return { status: 200, bytes, type };
}

/** An empty object where there is no JSON body; null when it should be JSON and is not. */
function jsonIn({ method, headers, body }: Request): Json | null {
  if (method !== "POST" || headers["content-type"]?.startsWith("multipart/")) return {};
  try {
    const read: unknown = JSON.parse(body);
    return typeof read === "object" && read !== null && !Array.isArray(read) ? (read as Json) : null;
  } catch {
    return null;
  }
}
