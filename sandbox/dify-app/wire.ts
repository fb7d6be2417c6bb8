import type { ServerResponse } from "node:http";
import type { DifyEvent } from "./events.ts";
import type { DifyWire } from "./script.ts";

export type EventWriter = ReturnType<typeof openStream>;

/** Opens a stream of events on a response, in the form that the wire asks for. Nobody has to be listening still. */
export function openStream(response: ServerResponse, wire: DifyWire) {
  const { lineEnd = "\n", hasSpace = true, lastEvent = "whole", pingEveryMs } = wire;
  const pieces = createPieces(wire.chunkBytes);
  let sent = Promise.resolve();

  response.socket?.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  const pings =
    pingEveryMs === undefined
      ? null
      : setInterval(() => {
          append(`event: ping${lineEnd}${lineEnd}`);
          flush();
        }, pingEveryMs);

  function append(text: string): void {
    write(pieces.add(Buffer.from(text)));
  }

  function flush(): void {
    write(pieces.rest());
  }

  function write(ready: Buffer[]): void {
    for (const piece of ready) sent = sent.then(() => writePiece(response, piece, ready.length > 1));
  }

  return {
    send(event: DifyEvent, { isLast = false } = {}): void {
      const ends = isLast ? { whole: 2, "no-blank-line": 1, "no-line-end": 0 }[lastEvent] : 2;
      append(`data:${hasSpace ? " " : ""}${JSON.stringify(event)}${lineEnd.repeat(ends)}`);
    },
    /** Sends what is left of a piece, and waits until all has gone out. */
    async drain(): Promise<void> {
      flush();
      await sent;
    },
    async end(): Promise<void> {
      if (pings !== null) clearInterval(pings);
      flush();
      await sent;
      response.end();
    },
    /** Cuts the connection where it stands: no end, no closing chunk. */
    async cut(): Promise<void> {
      if (pings !== null) clearInterval(pings);
      flush();
      await sent;
      response.destroy();
    },
  };
}

async function writePiece(response: ServerResponse, piece: Buffer, isOneOfMany: boolean): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => response.write(piece, () => resolve()));
  // Or the reader's side of the socket joins them again.
  if (isOneOfMany) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Cuts a stream of bytes into pieces of the sizes given. */
function createPieces(chunkBytes: number | number[] | undefined) {
  const sizes = chunkBytes === undefined ? null : [chunkBytes].flat();
  let held = Buffer.alloc(0);
  let count = 0;
  return {
    add(bytes: Buffer): Buffer[] {
      if (sizes === null) return [bytes];
      held = Buffer.concat([held, bytes]);
      const ready: Buffer[] = [];
      for (;;) {
        const size = Math.max(1, sizes[count % sizes.length] ?? Number.POSITIVE_INFINITY);
        if (held.length < size) return ready;
        ready.push(held.subarray(0, size));
        held = held.subarray(size);
        count += 1;
      }
    },
    rest(): Buffer[] {
      if (held.length === 0) return [];
      const last = held;
      held = Buffer.alloc(0);
      return [last];
    },
  };
}
