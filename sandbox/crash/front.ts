import { type Answer, listen, type Request, type Trouble } from "../http-server.ts";

const ANSWER_WITHIN_MS = 5_000;
/** What concerns only one hop. */
const OWN_HEADERS = ["host", "connection", "content-length", "transfer-encoding", "keep-alive"];

/**
 * One address for services that come and go, as a shop's reverse proxy gives them: what others call keeps its port
 * when the process behind it is another one.
 */
export async function openFront(pick: () => string | null, troubleOf: () => Trouble) {
  return await listen(0, forward, troubleOf);

  async function forward({ method, path, headers, raw }: Request): Promise<Answer> {
    const target = pick();
    if (target === null) return { status: 502 };
    try {
      const response = await fetch(`${target}${path}`, {
        method,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name))),
        ...(method === "GET" ? {} : { body: Buffer.from(raw) }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return {
        status: response.status,
        bytes: new Uint8Array(await response.arrayBuffer()),
        type: response.headers.get("content-type") ?? "application/json",
      };
    } catch {
      return { status: 502 };
    }
  }
}
