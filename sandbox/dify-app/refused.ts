import type { Answer } from "../http-server.ts";

/** Dify's envelope for a refusal. */
export function refused(status: number, code: string, message: string): Answer {
  return { status, body: { code, message, status } };
}
