import { randomBytes, randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { type BotFrame, createBotConnections } from "./bot-connections.ts";
import { type BotCallback, createBotReplies, RESPONSE_URL_TYPES } from "./bot-replies.ts";
import { createBotScreen } from "./bot-screen.ts";
import { createBotUploads } from "./bot-uploads.ts";
import { encryptBytes } from "./crypto.ts";
import type { Faults } from "./faults.ts";
import type { MediaStore } from "./media.ts";
import type { Screens } from "./screens.ts";
import type { BotSetting } from "./settings.ts";
import { BAD_PARAMETER, type FileAnswer, type Json, type JsonAnswer, refused } from "./wire.ts";

const FILE_VALID_MS = 5 * 60_000;
const RESPONSE_URL_VALID_MS = 60 * 60_000;
const AES_KEY_BYTES = 32;

/**
 * What a member writes to a bot; with a chatid in that group, where the bot is called by name. text and image together
 * are a mixed message. voice is the text that 企业微信 heard. botId: the first bot unless named.
 */
export type BotSaid = {
  userid: string;
  chatid?: string;
  botId?: string;
  text?: string;
  image?: Uint8Array;
  voice?: string;
  file?: { bytes: Uint8Array; filename: string };
  quote?: Json;
  msgid?: string;
};
/** fields are those of event.{eventtype}. A template_card_event needs its task_id. */
export type BotEvent = { userid: string; chatid?: string; botId?: string; eventtype: string; fields?: Json };
/** reqIds: the first one's first; two when the message came twice. */
export type BotDelivery = { msgid: string; reqId: string; reqIds: string[]; isDelivered: boolean };

/** 智能机器人 by WebSocket: connections, what members write to bots, and what bots show them. */
export function createBot(deps: {
  server: Server;
  bots: BotSetting[];
  media: MediaStore;
  screens: Screens;
  faults: Faults;
  now: () => number;
  baseUrl: () => string;
}) {
  const { server, bots, media, screens, faults, now, baseUrl } = deps;
  const screen = createBotScreen({ screens, now });
  const replies = createBotReplies({ screen, media, now });
  const uploads = createBotUploads({ media, now });
  const files = new Map<string, { encrypted: Uint8Array; filename: string; endsAtMs: number }>();
  const responseCodes = new Map<string, { botId: string; chat: string; endsAtMs: number; isUsed: boolean }>();
  const connections = createBotConnections({
    server,
    bots,
    replies,
    uploads,
    faults,
    kickFrame: (botId) => eventFrame(botId, `cb-${randomUUID()}`, randomUUID(), "disconnected_event", {}),
    onFrame: () => screens.changed(),
  });

  function botOf(botId: string | undefined): BotSetting {
    const bot = botId === undefined ? bots[0] : bots.find((it) => it.botId === botId);
    if (bot === undefined) throw new Error(`no bot ${botId}`);
    return bot;
  }

  /** An address that holds for five minutes and a key for this file alone, without its "=". */
  function place(bytes: Uint8Array, filename: string): Json {
    const key = randomBytes(AES_KEY_BYTES);
    const id = randomUUID();
    files.set(id, { encrypted: encryptBytes(key, bytes), filename, endsAtMs: now() + FILE_VALID_MS });
    return { url: `${baseUrl()}/bot-files/${id}`, aeskey: key.toString("base64").replace(/=+$/u, "") };
  }

  function contentOf(said: BotSaid, botName: string): Json {
    const text =
      said.text === undefined || said.chatid === undefined ? said.text : `@${botName} ${said.text}`;
    if (said.chatid !== undefined && (said.voice !== undefined || said.file !== undefined))
      throw new Error("voice and files come in single chats only");
    if (said.voice !== undefined) return { msgtype: "voice", voice: { content: said.voice } };
    if (said.file !== undefined) return { msgtype: "file", file: place(said.file.bytes, said.file.filename) };
    if (said.image === undefined) return { msgtype: "text", text: { content: text ?? "" } };
    const image = place(said.image, "image.png");
    if (text === undefined && said.chatid === undefined) return { msgtype: "image", image };
    const items = [
      { msgtype: "text", text: { content: text ?? `@${botName} ` } },
      { msgtype: "image", image },
    ];
    return { msgtype: "mixed", mixed: { msg_item: items } };
  }

  function deliver(
    command: "aibot_msg_callback" | "aibot_event_callback",
    msgid: string,
    callback: Omit<BotCallback, "atMs" | "isUsed">,
    frameOf: (reqId: string) => BotFrame,
  ): BotDelivery {
    const fault = faults.take(command);
    // The same msgid under another req_id: whoever dedupes by req_id answers twice.
    const reqIds = fault?.kind === "duplicate" ? [newReqId(), newReqId()] : [newReqId()];
    let isDelivered = fault?.kind !== "cut";
    for (const reqId of reqIds) {
      replies.callbacks.set(reqId, { ...callback, atMs: now(), isUsed: false });
      if (fault?.kind === "slow")
        setTimeout(() => connections.send(callback.botId, frameOf(reqId)), fault.ms ?? 0);
      else if (isDelivered) isDelivered = connections.send(callback.botId, frameOf(reqId));
    }
    return { msgid, reqId: reqIds[0] ?? "", reqIds, isDelivered };
  }

  function newResponseUrl(botId: string, chat: string): string {
    const code = `bc-${randomUUID()}`;
    responseCodes.set(code, { botId, chat, endsAtMs: now() + RESPONSE_URL_VALID_MS, isUsed: false });
    return `${baseUrl()}/cgi-bin/aibot/response?response_code=${code}`;
  }

  function whereOf({ chatid }: { chatid?: string }): Json {
    return chatid === undefined ? { chattype: "single" } : { chatid, chattype: "group" };
  }

  function eventFrame(botId: string, reqId: string, msgid: string, eventtype: string, more: Json): BotFrame {
    const body = { msgid, aibotid: botId, create_time: Math.floor(now() / 1000), msgtype: "event" };
    return {
      cmd: "aibot_event_callback",
      headers: { req_id: reqId },
      body: { ...body, event: { eventtype }, ...more },
    };
  }

  return {
    connections,
    screen,
    knobs: { connections: connections.knobs, replies: replies.knobs },
    say(said: BotSaid): BotDelivery {
      const { botId, name } = botOf(said.botId);
      const chat = said.chatid ?? said.userid;
      const msgid = said.msgid ?? randomUUID();
      const body = {
        msgid,
        aibotid: botId,
        ...whereOf(said),
        from: { userid: said.userid },
        response_url: newResponseUrl(botId, chat),
        ...contentOf(said, name),
        ...(said.quote && { quote: said.quote }),
      };
      return deliver(
        "aibot_msg_callback",
        msgid,
        { botId, chat, kind: "message", taskId: null },
        (reqId) => ({
          cmd: "aibot_msg_callback",
          headers: { req_id: reqId },
          body,
        }),
      );
    },

    event({ userid, chatid, botId: named, eventtype, fields = {} }: BotEvent): BotDelivery {
      const { botId } = botOf(named);
      const chat = chatid ?? userid;
      const msgid = randomUUID();
      const kind =
        eventtype === "enter_chat" || eventtype === "template_card_event" ? eventtype : "other-event";
      const taskId = typeof fields.task_id === "string" ? fields.task_id : null;
      const more = {
        ...whereOf(chatid === undefined ? {} : { chatid }),
        from: { userid },
        event: { eventtype, [eventtype]: fields },
      };
      return deliver("aibot_event_callback", msgid, { botId, chat, kind, taskId }, (reqId) =>
        eventFrame(botId, reqId, msgid, eventtype, more),
      );
    },

    /** null when the address is unknown or its five minutes are over. */
    fileAt(id: string): FileAnswer | null {
      const file = files.get(id);
      if (file === undefined || file.endsAtMs <= now()) return null;
      return { bytes: file.encrypted, type: "application/octet-stream", filename: file.filename };
    },

    /** POST to a response_url: one call within an hour, without an access_token. */
    respondByUrl(query: URLSearchParams, body: Json): JsonAnswer {
      const code = responseCodes.get(query.get("response_code") ?? "");
      if (code === undefined || code.isUsed || code.endsAtMs <= now())
        return refused(BAD_PARAMETER, "invalid response_code");
      const { botId, chat } = code;
      const answer = replies.show(
        { botId, chat, via: "response-url", reqId: null },
        RESPONSE_URL_TYPES,
        body,
      );
      code.isUsed = answer.errcode === 0;
      return answer;
    },
  };
}

function newReqId(): string {
  return `cb-${randomUUID()}`;
}
