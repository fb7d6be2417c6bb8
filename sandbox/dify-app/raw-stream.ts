import { connect } from "node:net";

export type RawAnswer = {
  status: number;
  /** The chunks of the chunked body, each as the server wrote it. */
  pieces: Buffer[];
  body: Buffer;
  /** Whether the chunk that ends the body came. */
  isWhole: boolean;
  /** Ms from the request to the first byte. */
  firstByteMs: number;
};

/** Asks by a bare socket and keeps the bytes as they came, so that a test sees the wire and not a client's view of it. */
export async function askRaw(url: string, key: string, body: unknown): Promise<RawAnswer> {
  const { hostname, port, pathname } = new URL(url);
  const text = JSON.stringify(body);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${key}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  const askedAt = performance.now();
  let firstByteMs = 0;
  const received: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join("\r\n")}\r\n\r\n${text}`));
    socket.on("data", (data: Buffer) => {
      if (received.length === 0) firstByteMs = performance.now() - askedAt;
      received.push(data);
    });
    // A connection that is cut may also end in an error; what came until then is the answer.
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  return { ...readChunked(Buffer.concat(received)), firstByteMs };
}

function readChunked(bytes: Buffer): Omit<RawAnswer, "firstByteMs"> {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const status = Number(bytes.toString("latin1").split(" ")[1]);
  const pieces: Buffer[] = [];
  let isWhole = false;
  for (let at = headEnd + 4; at < bytes.length; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (size === 0) isWhole = true;
    if (!(size > 0)) break;
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return { status, pieces, body: Buffer.concat(pieces), isWhole };
}

/** The events in a stream's text, whatever its line ends; lines without data are left out. */
export function eventsIn(text: string): ({ event: string } & Record<string, unknown>)[] {
  return text
    .split(/\r?\n/u)
    .filter((line) => line.startsWith("data:"))
    .map((line) => JSON.parse(line.slice("data:".length)) as { event: string });
}
