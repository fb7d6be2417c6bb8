import { EventEmitter, once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

const MOST_FRAME_BYTES = 28 * 1024 * 1024;

export type Reply = {
  id: string;
  conversation: { id: string };
  idempotency_key: string;
  in_reply_to?: string;
  messages: ({ type: "text"; text: string } | { type: "image"; url?: string; data_url?: string })[];
};
export type Frame = Record<string, unknown> & { kind: string; id: string };
/** What may befall a frame of the service: lost with its connection, taken and the connection lost, its ack lost. */
export type FrameTrouble = "none" | "cut" | "cut-after" | "ack-lost";
export type Said = {
  platform?: string;
  shop?: string;
  conversation: string;
  buyer?: string;
  name?: string;
  messageId?: string;
};

/**
 * 轻简's stand-in: a WebSocket server that speaks cs-bridge/1 as spec/bridge.md has it, and misbehaves on demand. It
 * shows a reply once per idempotency key, as a platform that dedupes does.
 */
export async function startQingjian({ port = 0 }: { port?: number } = {}) {
  const server = new WebSocketServer({ port, host: "127.0.0.1", maxPayload: MOST_FRAME_BYTES });
  await once(server, "listening");
  const events = new EventEmitter().setMaxListeners(0);
  const received: Frame[] = [];
  const shown: Reply[] = [];
  const raw: Reply[] = [];
  const keys = new Set<string>();
  const acked = new Set<string>();
  /** Open connections; the newest one is spoken to. */
  const sockets: WebSocket[] = [];
  const newest = () => sockets.at(-1) ?? null;
  let count = 0;
  const knobs = {
    withholdAcks: 0,
    refuseWith: null as string | null,
    transferOk: true,
    ackDelayMs: 0,
    trouble: (_frame: Frame): FrameTrouble => "none",
  };

  server.on("connection", (opened) => {
    sockets.push(opened);
    opened.on("message", (data) => take(opened, JSON.parse(data.toString()) as Frame));
    opened.on("close", () => {
      sockets.splice(sockets.indexOf(opened), 1);
    });
  });

  function take(from: WebSocket, frame: Frame): void {
    const trouble = knobs.trouble(frame);
    if (trouble === "cut") {
      from.terminate();
      return;
    }
    received.push(frame);
    if (frame.kind === "ack") acked.add(String(frame.ref));
    events.emit("frame", frame);
    if (frame.kind === "reply") takeReply(from, frame as unknown as Reply, trouble !== "none");
    if (trouble === "cut-after") from.terminate();
    if (frame.kind === "transfer")
      send(from, { kind: "transfer_result", ref: frame.id, ok: knobs.transferOk, agent: "kf01" });
  }

  function takeReply(from: WebSocket, reply: Reply, isAckLost: boolean): void {
    raw.push(reply);
    if (knobs.refuseWith !== null) {
      send(from, { kind: "ack", ref: reply.id, ok: false, code: knobs.refuseWith });
      return;
    }
    if (!keys.has(reply.idempotency_key)) {
      keys.add(reply.idempotency_key);
      shown.push(reply);
      events.emit("reply", reply);
    }
    if (isAckLost) return;
    if (knobs.withholdAcks > 0) {
      knobs.withholdAcks -= 1;
      return;
    }
    const ack = () =>
      send(from, { kind: "ack", ref: reply.id, ok: true, platform_message_id: `p-${reply.idempotency_key}` });
    if (knobs.ackDelayMs > 0) setTimeout(ack, knobs.ackDelayMs);
    else ack();
  }

  function send(to: WebSocket | null, frame: Record<string, unknown>): string {
    count += 1;
    const id = (frame.id as string | undefined) ?? `f-${process.pid}-${count}`;
    to?.send(JSON.stringify({ v: 1, ts: Date.now(), ...frame, id }));
    return id;
  }

  /** Resolves with the first event that fits, also one that has happened; rejects after the time. */
  function waitFor<Item>(
    event: string,
    past: readonly Item[],
    fits: (item: Item) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<Item> {
    const known = past.find(fits);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const listener = (item: Item) => {
        if (!fits(item)) return;
        clearTimeout(timer);
        events.off(event, listener);
        resolve(item);
      };
      const timer = setTimeout(() => {
        events.off(event, listener);
        reject(new Error(`${what} did not come within ${timeoutMs} ms`));
      }, timeoutMs);
      events.on(event, listener);
    });
  }

  function messageFrame(
    said: Said,
    message: Record<string, unknown>,
    role = "buyer",
  ): Record<string, unknown> {
    count += 1;
    return {
      kind: "message",
      id: `f-${process.pid}-${Date.now()}-${count}`,
      platform: said.platform ?? "pinduoduo",
      shop: { id: said.shop ?? "s1", name: "图绘旗舰店" },
      conversation: { id: said.conversation },
      from: {
        role,
        id: role === "buyer" ? (said.buyer ?? said.conversation) : "kf01",
        name: said.name ?? "小李",
      },
      message: { id: said.messageId ?? `m-${process.pid}-${Date.now()}-${count}`, ...message },
    };
  }

  async function deliver(frame: Record<string, unknown>, waitMs = 10_000): Promise<Frame> {
    const id = send(newest(), frame);
    return await waitFor(
      "frame",
      received,
      (it: Frame) => it.kind === "ack" && it.ref === id,
      waitMs,
      `the ack of ${id}`,
    );
  }

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    knobs,
    received,
    /** Replies as the buyer saw them: once per key. */
    shown,
    /** Every reply frame that arrived. */
    raw,
    isConnected: () => sockets.length > 0,
    connected: () =>
      waitFor("frame", received, (frame: Frame) => frame.kind === "hello", 15_000, "the service's hello"),
    /** A buyer's text; resolves with the service's ack. */
    say: (said: Said, text: string, waitMs?: number) =>
      deliver(messageFrame(said, { type: "text", text }), waitMs),
    /** Writes without waiting for the ack; returns the frame, to redeliver it. */
    sayNow(said: Said, text: string): Record<string, unknown> {
      const frame = messageFrame(said, { type: "text", text });
      send(newest(), frame);
      return frame;
    },
    /** As sayNow, with a picture. */
    sendPictureNow(said: Said, bytes: Uint8Array, text?: string): Record<string, unknown> {
      const frame = messageFrame(said, pictureMessage(bytes, text));
      send(newest(), frame);
      return frame;
    },
    sendPicture: (said: Said, bytes: Uint8Array, text?: string, waitMs?: number) =>
      deliver(messageFrame(said, pictureMessage(bytes, text)), waitMs),
    agentTyped: (said: Said, text: string) => deliver(messageFrame(said, { type: "text", text }, "agent")),
    redeliver(frame: Record<string, unknown>): void {
      send(newest(), frame);
    },
    sendRaw(text: string | Buffer): void {
      newest()?.send(text);
    },
    dropConnection(): void {
      newest()?.terminate();
    },
    /** Whether the service has acknowledged that frame of ours. */
    isAcked: (frameId: string) => acked.has(frameId),
    /** Resolves when that many more frames have come, or the time is over. */
    async moreFrames(frames: number, withinMs: number): Promise<void> {
      await new Promise<void>((resolve) => {
        let left = frames;
        const end = () => {
          clearTimeout(timer);
          events.off("frame", note);
          resolve();
        };
        const note = () => {
          left -= 1;
          if (left <= 0) end();
        };
        const timer = setTimeout(end, withinMs);
        events.on("frame", note);
      });
    },
    /** Calls back when a buyer sees a reply. */
    onShown(listener: (reply: Reply) => void): void {
      events.on("reply", listener);
    },
    replies: (conversation: string) => shown.filter((reply) => reply.conversation.id === conversation),
    /** The first reply of a conversation from the `after`-th on whose text fits. */
    async waitForReply(
      conversation: string,
      fits: (text: string, reply: Reply) => boolean,
      timeoutMs = 15_000,
      after = 0,
    ): Promise<Reply> {
      return await waitFor(
        "reply",
        shown.filter((reply) => reply.conversation.id === conversation).slice(after),
        (reply: Reply) => reply.conversation.id === conversation && fits(textOf(reply), reply),
        timeoutMs,
        `a fitting reply in ${conversation} (so far: ${shown
          .filter((it) => it.conversation.id === conversation)
          .map(textOf)
          .join(" / ")})`,
      );
    },
    waitForFrame: (fits: (frame: Frame) => boolean, timeoutMs = 10_000) =>
      waitFor("frame", received, fits, timeoutMs, "a fitting frame"),
    async close(): Promise<void> {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function pictureMessage(bytes: Uint8Array, text?: string): Record<string, unknown> {
  const image = {
    type: "image",
    data_url: `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`,
  };
  return text === undefined ? image : { type: "mixed", parts: [image, { type: "text", text }] };
}

export function textOf(reply: Reply): string {
  return reply.messages.map((message) => (message.type === "text" ? message.text : "[图]")).join("\n");
}
