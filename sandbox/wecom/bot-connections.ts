import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import type { BotReplies } from "./bot-replies.ts";
import type { BotUploads } from "./bot-uploads.ts";
import type { Faults } from "./faults.ts";
import type { BotSetting } from "./settings.ts";
import { type Json, type JsonAnswer, ok, refused } from "./wire.ts";

const MOST_FRAME_BYTES = 4 * 1024 * 1024;
const BAD_SECRET = 853000;
const NOT_SUBSCRIBED = 846609;
const UNKNOWN_COMMAND = 40058;

export type BotFrame = { cmd?: string; headers?: { req_id?: string }; body?: Json };
/** A frame that a service sent, and how it was answered; null when the ack was withheld or lost. */
export type ReceivedFrame = BotFrame & { ack: JsonAnswer | null };

/**
 * The WebSocket of 智能机器人. One connection per bot: a newer subscribe makes the older one get disconnected_event and
 * close. What is not JSON is passed over.
 */
export function createBotConnections(deps: {
  server: Server;
  bots: BotSetting[];
  replies: BotReplies;
  uploads: BotUploads;
  faults: Faults;
  /** disconnected_event, to the connection that another one replaces. */
  kickFrame: (botId: string) => BotFrame;
  onFrame: () => void;
}) {
  const { server, bots, replies, uploads, faults, kickFrame, onFrame } = deps;
  const sockets = new WebSocketServer({ server, maxPayload: MOST_FRAME_BYTES });
  /** Who listens for which bot. */
  const live = new Map<string, WebSocket>();
  const received: ReceivedFrame[] = [];
  const knobs = {
    /** From a newer subscribe to the end of the older connection; 2 to 313 seconds were measured. */
    kickDelayMs: 0,
  };

  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      const frame = read(data.toString());
      if (frame !== null) take(socket, frame);
    });
    // A frame that is too large ends the connection, not the process.
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      for (const [botId, it] of live) if (it === socket) live.delete(botId);
    });
  });

  function take(socket: WebSocket, frame: BotFrame): void {
    const command = String(frame.cmd);
    const fault = faults.take(command);
    if (fault?.kind === "cut") {
      socket.terminate();
      return;
    }
    const ack =
      typeof fault?.kind === "number"
        ? refused(fault.kind, "as ordered by the test")
        : answer(socket, command, frame);
    const isLost = fault?.kind === "answer-lost" || fault?.kind === "ack-withheld";
    received.push({ ...frame, ack: isLost ? null : ack });
    if (fault?.kind === "answer-lost") socket.terminate();
    else if (fault?.kind === "slow") setTimeout(() => write(socket, frame, ack), fault.ms ?? 0);
    else if (!isLost) write(socket, frame, ack);
    onFrame();
  }

  function write(socket: WebSocket, to: BotFrame, ack: JsonAnswer): void {
    socket.send(JSON.stringify({ headers: { req_id: to.headers?.req_id ?? "" }, ...ack }));
  }

  function answer(socket: WebSocket, command: string, { headers, body = {} }: BotFrame): JsonAnswer {
    if (command === "ping") return ok();
    if (command === "aibot_subscribe") return subscribe(socket, body);
    const botId = [...live].find(([, it]) => it === socket)?.[0];
    if (botId === undefined) return refused(NOT_SUBSCRIBED, "not subscribed");
    const reqId = headers?.req_id ?? "";
    if (command === "aibot_respond_msg") return replies.respond(botId, reqId, body);
    if (command === "aibot_respond_welcome_msg") return replies.welcome(botId, reqId, body);
    if (command === "aibot_respond_update_msg") return replies.updateCard(botId, reqId, body);
    if (command === "aibot_send_msg") return replies.push(botId, body);
    if (command === "aibot_upload_media_init") return uploads.init(botId, body);
    if (command === "aibot_upload_media_chunk") return uploads.chunk(botId, body);
    if (command === "aibot_upload_media_finish") return uploads.finish(botId, body);
    return refused(UNKNOWN_COMMAND, "invalid cmd");
  }

  /** A bad secret leaves the connection open: it is the service's to close. */
  function subscribe(socket: WebSocket, body: Json): JsonAnswer {
    const bot = bots.find(({ botId, secret }) => botId === body.bot_id && secret === body.secret);
    if (bot === undefined) return refused(BAD_SECRET, "invalid bot_id or secret");
    const older = live.get(bot.botId);
    live.set(bot.botId, socket);
    if (older !== undefined && older !== socket)
      setTimeout(() => {
        older.send(JSON.stringify(kickFrame(bot.botId)));
        older.close();
      }, knobs.kickDelayMs);
    return ok();
  }

  return {
    knobs,
    received,
    isConnected: (botId: string) => live.has(botId),
    /** false when nobody listens for that bot: the frame is lost, as at 企业微信. */
    send(botId: string, frame: BotFrame | string): boolean {
      const socket = live.get(botId);
      socket?.send(typeof frame === "string" ? frame : JSON.stringify(frame));
      return socket !== undefined;
    },
    drop(botId: string): void {
      live.get(botId)?.terminate();
    },
    async close(): Promise<void> {
      for (const client of sockets.clients) client.terminate();
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}

function read(text: string): BotFrame | null {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null ? (frame as BotFrame) : null;
  } catch {
    return null;
  }
}
