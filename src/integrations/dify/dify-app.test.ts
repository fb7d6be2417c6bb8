import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { askDifyApp } from "./dify-app.ts";

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A Dify that says these pieces, so many ms apart, and then nothing more. */
async function aDify(pieces: string[], apartMs: number): Promise<string> {
  server = createServer(async (request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const piece of pieces) {
      await new Promise((resolve) => setTimeout(resolve, apartMs));
      response.write(piece);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

async function ask(base: string): Promise<string[]> {
  const said: string[] = [];
  const target = { base, key: "app-1", type: "chat", inputVariable: null, outputVariable: null };
  const question = { query: "在吗", user: "u", conversationId: "", pictures: [], inputs: {} };
  const pieces = askDifyApp(target as Parameters<typeof askDifyApp>[0], question, {
    signal: new AbortController().signal,
    silentForMs: 200,
  });
  for await (const piece of pieces) if (piece.type === "words") said.push(piece.text);
  return said;
}

it("does not wait for ever for a Dify that falls silent", async () => {
  const base = await aDify(['data: {"event":"message","answer":"您"}\n\n'], 20);
  await expect(ask(base)).rejects.toMatchObject({ code: "dify-unreachable" });
});

it("waits as long as there are signs of life", async () => {
  const end = 'data: {"event":"message","answer":"好"}\n\ndata: {"event":"message_end"}\n\n';
  const base = await aDify([...Array.from({ length: 4 }, () => "event: ping\n\n"), end], 100);
  server.on("request", (_request, response) => setTimeout(() => response.end(), 600));
  expect(await ask(base)).toEqual(["好"]);
});
