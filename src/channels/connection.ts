import type { Socket } from "node:net";
import WebSocket from "ws";
import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";

const MOST_FRAME_BYTES = 28 * 1024 * 1024;
/** More than the largest reply with pictures. */
const MOST_UNREAD_BYTES = 64 * 1024 * 1024;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

export type Connection = {
  start(): void;
  isOpen(): boolean;
  /** The connection is of use: the next loss begins with a short wait again. */
  settle(): void;
  /** Ends this connection; another follows. */
  drop(): void;
  /** Writes at once or not at all; false when there is no connection. */
  write(text: string): boolean;
  stop(): Promise<void>;
};

/**
 * Keeps one WebSocket to a server, coming back after every loss: 1 s doubling to 30 s, with jitter, so that many
 * clients do not return together.
 */
export function createConnection(deps: {
  url: string;
  /** What its lines in the log begin with. */
  name: string;
  log: Log;
  random: () => number;
  onOpen: () => void;
  /** Also for binary frames: some servers send their JSON so. */
  onText: (text: string) => void;
  onClose: () => void;
}): Connection {
  let socket: WebSocket | null = null;
  /** The bytes' own way out, below the frames. */
  let wire: Socket | null = null;
  let isGathering = false;
  let attempts = 0;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  function connect(): void {
    timer = null;
    const opening = new WebSocket(deps.url, { maxPayload: MOST_FRAME_BYTES, handshakeTimeout: 10_000 });
    socket = opening;
    opening.on("upgrade", (response) => {
      wire = response.socket;
    });
    opening.on("open", () => {
      deps.log.info(`${deps.name}.connected`, {});
      deps.onOpen();
    });
    opening.on("message", (data) => {
      try {
        deps.onText(data.toString());
      } catch (error) {
        // Whatever a frame does to us, the connection and the process stay.
        deps.log.error(`${deps.name}.frame_failed`, { error: errorText(error) });
      }
    });
    opening.on("error", (error) => {
      if (attempts === 0) deps.log.warn(`${deps.name}.connection_error`, { error: errorText(error) });
    });
    opening.on("close", (code) => {
      if (socket !== opening) return;
      socket = null;
      deps.onClose();
      if (isStopped) return;
      const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** attempts, LONGEST_BACKOFF_MS);
      attempts += 1;
      const delay = Math.round(backoff * (0.5 + deps.random() / 2));
      if (attempts === 1) deps.log.warn(`${deps.name}.disconnected`, { code, retryInMs: delay });
      timer = setTimeout(connect, delay);
    });
  }

  /** What is written in one go leaves in one go: after a commit many acks and replies are due at once. */
  function gather(): void {
    const gathering = wire;
    if (isGathering || gathering === null) return;
    isGathering = true;
    gathering.cork();
    process.nextTick(() => {
      isGathering = false;
      gathering.uncork();
    });
  }

  return {
    start() {
      isStopped = false;
      attempts = 0;
      if (socket === null && timer === null) connect();
    },
    settle() {
      attempts = 0;
    },
    drop() {
      socket?.terminate();
    },
    isOpen: () => socket?.readyState === WebSocket.OPEN,
    write(text) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      if (socket.bufferedAmount > MOST_UNREAD_BYTES) {
        // A peer that stopped reading: what is not acknowledged goes out again on the next connection.
        deps.log.warn(`${deps.name}.peer_not_reading`, { bytes: socket.bufferedAmount });
        socket.terminate();
        return false;
      }
      gather();
      socket.send(text);
      return true;
    },
    async stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      const open = socket;
      if (open === null) return;
      await new Promise<void>((resolve) => {
        open.once("close", () => resolve());
        open.close(1000);
        setTimeout(() => open.terminate(), 500).unref();
      });
    },
  };
}
