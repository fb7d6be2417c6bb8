import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { apiError } from "./api-error.ts";

const MOST_BODY_BYTES = 1024 * 1024;
/** A caller who still writes cannot read our answer: so much of a refused body is read away first. */
const MOST_DISCARDED_BYTES = 32 * 1024 * 1024;

/** The methods whose requests carry a body; the others need none of these looks. */
export const METHODS_WITH_BODY = ["POST", "PUT", "PATCH"];

/** Refuses a body over 1 MiB: by its announced length, which Node holds the caller to, or while it is read. */
export function limitBody(): MiddlewareHandler {
  const limitWhileReading = bodyLimit({ maxSize: MOST_BODY_BYTES, onError: refuseLarge });
  return async (c, next) => {
    const announced = c.req.header("content-length");
    if (announced === undefined) return await limitWhileReading(c, next);
    if (Number(announced) > MOST_BODY_BYTES) return await refuseLarge(c);
    await next();
  };
}

/** The API reads JSON only; a request without a body needs no content type. */
export function requireJson(): MiddlewareHandler {
  return async (c, next) => {
    const length = c.req.header("content-length");
    const type = c.req.header("content-type");
    const isOtherType = type !== undefined && !/^application\/json\b/iu.test(type);
    const isUntyped = type === undefined && length !== undefined;
    if (length !== "0" && (isOtherType || isUntyped)) return apiError(c, 415, "send application/json");
    await next();
  };
}

async function refuseLarge(c: Context) {
  await discard(c.req.raw.body);
  return apiError(c, 413, "the body is larger than 1 MiB");
}

async function discard(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null || body.locked) return;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_DISCARDED_BYTES) return;
  }
}
