import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { AppError, errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { openAiError, requestIdOf } from "./routes/openai/errors.ts";

export type ErrorDetail = { path: string; message: string };

const CODES: Record<number, string> = {
  400: "invalid_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "payload_too_large",
  415: "unsupported_media_type",
  429: "rate_limited",
  503: "unavailable",
};

/** What we stand on and cannot be reached: it comes back, and the caller may try again. */
const AWAY: Record<string, { event: string; message: string }> = {
  "store-unavailable": {
    event: "http.store_unavailable",
    message: "the store does not take anything right now: try again",
  },
  "files-unavailable": {
    event: "http.files_unavailable",
    message: "the files cannot be reached right now: try again",
  },
};

/**
 * Every error leaves in this one shape (spec contract), or in OpenAI's where OpenAI's clients are served. It never carries
 * the input, a stack or a secret.
 */
export function apiError(
  c: Context,
  status: ContentfulStatusCode,
  message: string,
  extra: { details?: ErrorDetail[]; fields?: Record<string, unknown> } = {},
) {
  if (c.req.path.startsWith("/v1/")) {
    requestIdOf(c);
    return c.json({ error: openAiError(status, message, { code: CODES[status] ?? null }) }, status);
  }
  return c.json(
    {
      success: false,
      error: {
        code: CODES[status] ?? "internal",
        message,
        ...(extra.details === undefined ? {} : { details: extra.details }),
      },
      ...extra.fields,
      request_id: requestId(c),
    },
    status,
  );
}

/** Names a request in its error and in the log; made when the first of them needs it. */
function requestId(c: Context): string {
  const known = c.get("requestId") as string | undefined;
  if (known !== undefined) return known;
  const made = randomUUID();
  c.set("requestId", made);
  return made;
}

/** The last stop of every throw: known refusals keep their status, everything else is a 500 without internals. */
export function createErrorHandler(log: Log) {
  return (error: Error, c: Context) => {
    if (error instanceof HTTPException) {
      const message =
        error.status === 400
          ? "the body is not valid JSON"
          : error.message === ""
            ? "refused"
            : error.message;
      return apiError(c, error.status, message);
    }
    const away = error instanceof AppError ? AWAY[error.code] : undefined;
    if (away !== undefined) {
      log.error(away.event, { path: c.req.path, requestId: requestId(c), error: errorText(error) });
      c.header("retry-after", "5");
      return apiError(c, 503, away.message);
    }
    log.error("http.failed", { path: c.req.path, requestId: requestId(c), error: errorText(error) });
    return apiError(c, 500, "something went wrong on our side; it is logged under this request_id");
  };
}

/** For hono-openapi's validator: our own 400 instead of the default one, which echoes the input. */
export function onInvalid(
  result:
    | { success: true }
    | {
        success: false;
        error: readonly {
          message: string;
          path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
        }[];
      },
  c: Context,
) {
  if (result.success) return;
  const details = result.error.map((issue) => ({
    path: (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join("."),
    message: issue.message,
  }));
  return apiError(c, 400, `invalid: ${details.map((detail) => detail.path || "body").join(", ")}`, {
    details,
  });
}
