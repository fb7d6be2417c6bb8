import { AppError } from "../domain/errors.ts";

/** The text of an answer, read no further than that. Throws AppError("answer-unusable"). */
export async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Counted while reading: content-length may lie and a compressed body may swell.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new AppError("answer-unusable", "more than may be read");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Our own words, a code or a name only: the text of a failed fetch may hold the address, and so somebody's words. */
export function safeReason(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (!(error instanceof Error)) return "unknown";
  const { cause, name } = error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : name;
}

type Ask = {
  url: URL;
  body: unknown;
  /** Null: the other side asks for none. */
  key: string | null;
  timeoutMs: number;
  maxBytes?: number;
  fetch?: typeof globalThis.fetch;
};

/**
 * Posts JSON, with a bearer key if there is one, and gives the parsed answer.
 *
 * @throws AppError("answer-unusable") on another status than 2xx or no JSON; what fetch throws on no answer
 */
export async function askJson({
  url,
  body,
  key,
  timeoutMs,
  maxBytes = 4 * 1024 * 1024,
  fetch,
}: Ask): Promise<unknown> {
  const response = await (fetch ?? globalThis.fetch)(url, {
    method: "POST",
    redirect: "error",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new AppError("answer-unusable", `answered ${response.status}`);
  }
  const text = await readBounded(response, maxBytes);
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("answer-unusable", "not JSON");
  }
}

/** An address under a base that may or may not end with a slash. */
export function under(base: string, path: string): URL {
  return new URL(path, base.endsWith("/") ? base : `${base}/`);
}
