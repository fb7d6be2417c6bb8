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

/** What may befall a request: nothing is done and nothing (or 500) answered, or it is done and the answer is lost. */
export type Trouble = "none" | "cut" | "refused" | "answer-cut" | "answer-refused";

/** A small loopback HTTP server for the stand-ins. A handler may also take the response itself (return null). */
export async function listen(
  port: number,
  handle: (request: Request, response: ServerResponse) => Promise<Answer | null> | Answer | null,
  troubleOf: () => Trouble = () => "none",
): Promise<{ url: string; server: Server; close(): Promise<void> }> {
  const server = createServer((incoming, response) => {
    // By the clock that a test may have moved: Node's own header does not follow it.
    response.setHeader("date", new Date().toUTCString());
    const trouble = troubleOf();
    void read(incoming)
      .then((raw) => {
        if (trouble === "refused") return { status: 500 };
        if (trouble === "cut") {
          response.destroy();
          return null;
        }
        return handle(
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
        );
      })
      .then((given) => {
        if (given === null) return;
        if (trouble === "answer-cut") {
          response.destroy();
          return;
        }
        const answer: Answer = trouble === "answer-refused" ? { status: 500 } : given;
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
