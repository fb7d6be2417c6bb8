import { expect } from "vitest";
import { eventsIn } from "./raw-stream.ts";

export const STREAMING = { query: "怎么退货", inputs: {}, user: "u1", response_mode: "streaming" };
export const BLOCKING = { ...STREAMING, response_mode: "blocking" };

/** How the tests of the stand-in ask it, by an ordinary client. */
export function createAsking(url: () => string) {
  function post(key: string, path: string, body: unknown, signal: AbortSignal | null = null) {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    return fetch(`${url()}${path}`, { method: "POST", headers, body: JSON.stringify(body), signal });
  }
  return {
    post,
    async stream(key: string, path: string, body: unknown = STREAMING) {
      const response = await post(key, path, body);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      return eventsIn(await response.text());
    },
  };
}

export function namesOf(events: { event: string }[]): string[] {
  return events.map(({ event }) => event);
}

/** The envelope of a refusal, which must tell the response's own status. */
export async function refusalOf(response: Response) {
  const body = (await response.json()) as { status: number };
  expect(body.status).toBe(response.status);
  return body;
}
