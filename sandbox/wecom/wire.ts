import type { z } from "zod";

export type Json = Record<string, unknown>;
export type JsonAnswer = Json & { errcode: number; errmsg: string };
export type FileAnswer = { bytes: Uint8Array; type: string; filename: string };

/** What a token may do, and until when. */
export type Grant = {
  token: string;
  agentId: number;
  mayCallKf: boolean;
  expiresAtMs: number;
  /** The errcode that it earns since it was revoked; null while it holds. */
  revokedAs: number | null;
};

export type ApiCall = {
  query: URLSearchParams;
  /** Empty when there is no JSON. */
  body: Json;
  raw: Uint8Array;
  contentType: string;
  grant: Grant;
};
export type Handler = (call: ApiCall) => Promise<JsonAnswer | FileAnswer> | JsonAnswer | FileAnswer;

/**
 * What the spec names no code for is answered so. Callers branch on known codes; any other is "this cannot be done".
 */
export const BAD_PARAMETER = 40058;
export const TOO_LONG = 45002;
export const TOO_OFTEN = 45009;
export const BAD_MSGTYPE = 40008;
export const BAD_MEDIA = 40007;

/** 企业微信 counts bytes in UTF-8, not characters. */
export const MOST_TEXT_BYTES = 2048;

export function ok(body: Json = {}): JsonAnswer {
  return { errcode: 0, errmsg: "ok", ...body };
}

export function refused(errcode: number, what: string): JsonAnswer {
  return {
    errcode,
    errmsg: `${what}, more info at https://open.work.weixin.qq.com/devtool/query?e=${errcode}`,
  };
}

/** Calls on with the body when it has the form, else refuses with 40058. */
export function withBody<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  go: (body: z.infer<Schema>) => JsonAnswer,
): JsonAnswer {
  const read = schema.safeParse(body);
  if (read.success) return go(read.data);
  const [issue] = read.error.issues;
  return refused(BAD_PARAMETER, `invalid Request Parameter: ${issue?.path.join(".")} ${issue?.message}`);
}

export function bytesOf(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** How many of these moments lie in the last `windowMs`; the older ones are dropped. */
export function countWithin(moments: number[], nowMs: number, windowMs: number): number {
  while (moments[0] !== undefined && moments[0] <= nowMs - windowMs) moments.shift();
  return moments.length;
}
