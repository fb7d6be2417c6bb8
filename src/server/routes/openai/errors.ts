import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { AppError } from "../../../domain/errors.ts";
import { DifyRefusal } from "../../../integrations/dify/dify-app.ts";

/** OpenAI's own envelope of an error (protocols §5.1). */
export type OpenAiError = { message: string; type: string; param: string | null; code: string | null };

const TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  403: "permission_error",
  404: "invalid_request_error",
  409: "conflict_error",
  413: "invalid_request_error",
  415: "invalid_request_error",
  429: "rate_limit_error",
  503: "service_unavailable_error",
};

export function openAiError(
  status: number,
  message: string,
  { param = null, code = null }: { param?: string | null; code?: string | null } = {},
): OpenAiError {
  return { message, type: TYPES[status] ?? "server_error", param, code };
}

export function refuse(
  c: Context,
  status: ContentfulStatusCode,
  message: string,
  extra: { param?: string; code?: string } = {},
) {
  return c.json({ error: openAiError(status, message, extra) }, status);
}

/** Names each request, in its answer and in the log. */
export function requestIdOf(c: Context): string {
  const known = c.res.headers.get("x-request-id");
  if (known !== null) return known;
  const made = `req_${randomUUID().replaceAll("-", "")}`;
  c.header("x-request-id", made);
  return made;
}

/** What a throw means to the caller; nothing of what it says inside. */
export function failureOf(error: unknown): { status: ContentfulStatusCode; error: OpenAiError } {
  const code = error instanceof AppError ? error.code : "";
  if (code === "answer-underway")
    return { status: 409, error: openAiError(409, "this message is being answered", { code }) };
  if (code === "answer-cut-off")
    return { status: 500, error: openAiError(500, "the answer broke off: ask again", { code }) };
  if (code === "answer-taken-over")
    return { status: 409, error: openAiError(409, "a person has taken this conversation over", { code }) };
  if (code === "picture-too-slow")
    return { status: 400, error: openAiError(400, "a picture could not be fetched in time", { code }) };
  if (code === "dify-refused") return refusedByDify(error);
  if (code === "dify-unreachable" || code === "dify-conversation-gone")
    return { status: 502, error: openAiError(502, "Dify cannot be reached or broke off", { code }) };
  if (code === "store-unavailable" || code === "files-unavailable")
    return { status: 503, error: openAiError(503, "not available right now: try again") };
  return { status: 500, error: openAiError(500, "something went wrong on our side; see x-request-id") };
}

/** Dify's own status where it says something to the caller; Dify's words may hold anything and stay in the log. */
function refusedByDify(error: unknown): { status: ContentfulStatusCode; error: OpenAiError } {
  const given = error instanceof DifyRefusal ? error.status : 502;
  const status = ([400, 401, 403, 404, 413, 415, 429] as const).find((it) => it === given) ?? 502;
  const code =
    error instanceof DifyRefusal && /^\w{1,64}$/u.test(error.difyCode) ? error.difyCode : "dify_refused";
  return { status, error: openAiError(status, "Dify refused this", { code }) };
}
