import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { apiError } from "./api-error.ts";

const MOST_BODY_BYTES = 1024 * 1024;
/** The door refuses larger pictures anyway (spec orders §1). */
const MOST_PICTURE_BYTES = 20 * 1024 * 1024;
/** A caller who still writes cannot read our answer: so much of a refused body is read away first. */
const MOST_DISCARDED_BYTES = 32 * 1024 * 1024;

/** The methods whose requests carry a body; the others need none of these looks. */
export const METHODS_WITH_BODY = ["POST", "PUT", "PATCH"];

/** Refuses a body over 1 MiB: by its announced length, which Node holds the caller to, or while it is read. */
export function limitBody(most = MOST_BODY_BYTES): MiddlewareHandler {
  const refuse = (c: Context) => refuseLarge(c, most);
  const limitWhileReading = bodyLimit({ maxSize: most, onError: refuse });
  return async (c, next) => {
    const announced = c.req.header("content-length");
    if (announced === undefined) return await limitWhileReading(c, next);
    if (Number(announced) > most) return await refuse(c);
    await next();
  };
}

/** Refuses a picture over 20 MiB, and what is not sent as bytes: a form of another site's page is not. */
export function limitPicture(): MiddlewareHandler {
  const limit = limitBody(MOST_PICTURE_BYTES);
  return async (c, next) => {
    if (!/^(?:image\/|application\/octet-stream\b)/iu.test(c.req.header("content-type") ?? ""))
      return apiError(c, 415, "send the picture's bytes as application/octet-stream");
    return await limit(c, next);
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

async function refuseLarge(c: Context, most: number) {
  await discard(c.req.raw.body);
  return apiError(c, 413, `the body is larger than ${most / 1024 / 1024} MiB`);
}

async function discard(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null || body.locked) return;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_DISCARDED_BYTES) return;
  }
}
