import { createHash, timingSafeEqual } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { isLoopback } from "../env.ts";
import { apiError } from "./api-error.ts";

/** The key in `Authorization: Bearer` or `X-Api-Key`; anyone when no key is configured (loopback only, see env). */
export function requireApiKey(key: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (key === undefined && !isNamedLocally(c)) return refuseName(c);
    if (!hasApiKey(c, key)) return apiError(c, 401, "give the API key as Authorization: Bearer or X-Api-Key");
    await next();
  };
}

export function hasApiKey(c: Context, key: string | undefined): boolean {
  if (key === undefined) return true;
  const given =
    c.req.header("x-api-key") ?? /^Bearer\s+(.+)$/iu.exec(c.req.header("authorization") ?? "")?.[1];
  return given !== undefined && sameSecret(given, key);
}

/** Operations are for the people at this machine, or for whoever has the key. */
export function requireKeyOrLoopback(key: string | undefined): MiddlewareHandler {
  return async (c, next) => {
    if (key === undefined && !isNamedLocally(c)) return refuseName(c);
    const isLocal = isLoopback(remoteAddress(c).replace(/^::ffff:/u, ""));
    if (!(isLocal && key === undefined) && !(key !== undefined && hasApiKey(c, key)))
      return apiError(c, 401, "give the API key as Authorization: Bearer or X-Api-Key");
    await next();
  };
}

/**
 * Without a key only this machine is served, and a page in its browser is not this machine: a page whose name was made
 * to resolve to us still sends its own name.
 */
function isNamedLocally(c: Context): boolean {
  const host = c.req.header("host");
  return host === undefined || isLoopback(host.replace(/:\d+$/u, "").replace(/^\[(.*)\]$/u, "$1"));
}

function refuseName(c: Context) {
  return apiError(
    c,
    403,
    "without an API key only localhost is served: set TIANWANG_API_KEY to serve other names",
  );
}

/** In `app.request()` there is no socket: such a caller is in our own process. */
function remoteAddress(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? "127.0.0.1";
  } catch {
    return "127.0.0.1";
  }
}

function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
