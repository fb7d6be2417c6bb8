import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** body is for text; raw is the same as it came, for what is not text. */
export type Request = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  raw: Uint8Array;
};
export type Answer = { status: number; body?: unknown; bytes?: Uint8Array; type?: string };

/** A small loopback HTTP server for the stand-ins. A handler may also take the response itself (return null). */
export async function listen(
  port: number,
  handle: (request: Request, response: ServerResponse) => Promise<Answer | null> | Answer | null,
): Promise<{ url: string; server: Server; close(): Promise<void> }> {
  const server = createServer((incoming, response) => {
    // By the clock that a test may have moved: Node's own header does not follow it.
    response.setHeader("date", new Date().toUTCString());
    void read(incoming)
      .then((raw) =>
        handle(
          {
            method: incoming.method ?? "GET",
            path: incoming.url ?? "/",
            headers: Object.fromEntries(
              Object.entries(incoming.headers).map(([key, value]) => [key, String(value)]),
            ),
            body: raw.toString("utf8"),
            raw,
          },
          response,
        ),
      )
      .then((answer) => {
        if (answer === null) return;
        response.writeHead(answer.status, { "content-type": answer.type ?? "application/json" });
        response.end(answer.bytes ?? JSON.stringify(answer.body ?? {}));
      })
      .catch((error: unknown) => {
        response.writeHead(500);
        response.end(String(error));
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
