import { z } from "zod";
import type { BotScreen } from "./bot-screen.ts";
import { findCardFault } from "./cards.ts";
import type { MediaStore } from "./media.ts";
import { type Content, fileContent } from "./screens.ts";
import {
  BAD_MEDIA,
  BAD_MSGTYPE,
  BAD_PARAMETER,
  bytesOf,
  countWithin,
  type Json,
  type JsonAnswer,
  ok,
  refused,
  TOO_LONG,
  TOO_OFTEN,
  withBody,
} from "./wire.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const REPLY_WINDOW_MS = 24 * HOUR_MS;
const FAST_REPLY_MS = 5000;
const MOST_PER_MINUTE = 30;
const MOST_PER_HOUR = 1000;
const MOST_CONTENT_BYTES = 20_480;
const BAD_REQ_ID = 846605;
const STREAM_OVER = 846608;

/** A callback that may be answered under its req_id. */
export type BotCallback = {
  botId: string;
  chat: string;
  atMs: number;
  kind: "message" | "enter_chat" | "template_card_event" | "other-event";
  /** Of the pressed card. */
  taskId: string | null;
  isUsed: boolean;
};

const streamSchema = z.object({
  id: z.string().min(1),
  finish: z.boolean().default(false),
  content: z.string().default(""),
  msg_item: z.array(z.unknown()).max(10).default([]),
  feedback: z.object({ id: z.string().min(1) }).optional(),
});
const pushSchema = z.looseObject({
  chatid: z.string().min(1),
  chat_type: z.int().optional(),
  msgtype: z.string(),
});

/** What a bot answers and sends: streams, cards, media; each returns the ack. */
export function createBotReplies(deps: { screen: BotScreen; media: MediaStore; now: () => number }) {
  const { screen, media, now } = deps;
  const callbacks = new Map<string, BotCallback>();
  /** By bot and chat, moments of what was shown. A stream counts once: whether each frame does is not said. */
  const budgets = new Map<string, number[]>();
  const knobs = {
    /** From the first frame of a stream on; the text says 6 min, longer ones were seen. */
    streamWindowMs: 6 * MINUTE_MS,
    /** The texts contradict each other on pictures in a stream and on stream_with_template_card. */
    takesStreamExtras: false,
  };

  function isOverBudget(botId: string, chat: string): boolean {
    const key = `${botId}|${chat}`;
    const moments = budgets.get(key) ?? [];
    budgets.set(key, moments);
    const inHour = countWithin(moments, now(), HOUR_MS);
    const inMinute = moments.filter((moment) => moment > now() - MINUTE_MS).length;
    if (inHour >= MOST_PER_HOUR || inMinute >= MOST_PER_MINUTE) return true;
    moments.push(now());
    return false;
  }

  function findCallback(botId: string, reqId: string, validMs: number): BotCallback | null {
    const callback = callbacks.get(reqId);
    const holds = callback !== undefined && callback.botId === botId && callback.atMs + validMs > now();
    return holds ? callback : null;
  }

  /**
   * A frame replaces the whole text, also with nothing. After the last frame only its repeat is taken (errcode 0, no
   * change: its ack may have been lost); anything else is answered 846608, which no text says.
   */
  function stream(callback: BotCallback, reqId: string, body: Json): JsonAnswer {
    return withBody(streamSchema, body.stream, ({ id, finish, content, msg_item, feedback }) => {
      if (bytesOf(content) > MOST_CONTENT_BYTES) return refused(TOO_LONG, "content size out of limit");
      if (msg_item.length > 0 && !knobs.takesStreamExtras)
        return refused(BAD_PARAMETER, "msg_item not supported");
      const frame = { atMs: now(), content, finish };
      const shown = screen.findStream(reqId, id);
      if (shown === null) {
        if (isOverBudget(callback.botId, callback.chat)) return refused(TOO_OFTEN, "too many messages");
        const { botId, chat } = callback;
        const first = { streamId: id, text: content, isFinished: finish, frames: [frame] };
        screen.add(
          { botId, chat, via: "reply", reqId },
          { type: "stream", ...first, feedbackId: feedback?.id ?? null },
        );
        return ok();
      }
      if (shown.isFinished)
        return finish && content === shown.text ? ok() : refused(STREAM_OVER, "stream has finished");
      if ((shown.frames[0]?.atMs ?? 0) + knobs.streamWindowMs <= now())
        return refused(STREAM_OVER, "stream expired");
      shown.frames.push(frame);
      Object.assign(shown, { text: content, isFinished: finish });
      screen.changed();
      return ok();
    });
  }

  function contentOf(msgtype: string, body: Json): Content | JsonAnswer {
    const part = (body[msgtype] ?? {}) as Json;
    if (msgtype === "markdown" || msgtype === "text") {
      const { content } = part;
      if (typeof content !== "string" || content === "") return refused(BAD_PARAMETER, "content missing");
      if (bytesOf(content) > MOST_CONTENT_BYTES) return refused(TOO_LONG, "content size out of limit");
      return { type: msgtype, text: content };
    }
    if (msgtype === "template_card") return findCardFault(part) ?? { type: "card", card: part, button: null };
    if (msgtype === "image" || msgtype === "voice" || msgtype === "file" || msgtype === "video") {
      const file = media.find(String(part.media_id));
      return file?.type === msgtype ? fileContent(msgtype, file) : refused(BAD_MEDIA, "invalid media_id");
    }
    return refused(BAD_MSGTYPE, "invalid msgtype");
  }

  /** Shows anything but a stream, when it is one of the types that may be used there. */
  function show(
    to: {
      botId: string;
      chat: string;
      via: "reply" | "welcome" | "push" | "response-url";
      reqId: string | null;
    },
    types: readonly string[],
    body: Json,
  ): JsonAnswer {
    const msgtype = String(body.msgtype);
    if (!types.includes(msgtype)) return refused(BAD_MSGTYPE, "invalid msgtype");
    const content = contentOf(msgtype, body);
    if ("errcode" in content) return content;
    if (isOverBudget(to.botId, to.chat)) return refused(TOO_OFTEN, "too many messages");
    screen.add(to, content);
    return ok();
  }

  return {
    knobs,
    callbacks,
    show,
    respond(botId: string, reqId: string, body: Json): JsonAnswer {
      const callback = findCallback(botId, reqId, REPLY_WINDOW_MS);
      if (callback === null || callback.kind === "enter_chat") return refused(BAD_REQ_ID, "invalid req_id");
      if (body.msgtype === "stream") return stream(callback, reqId, body);
      if (body.msgtype === "stream_with_template_card" && knobs.takesStreamExtras) {
        const shown = stream(callback, reqId, body);
        const card = { msgtype: "template_card", template_card: body.template_card };
        const hasCard = body.template_card !== undefined && shown.errcode === 0;
        return hasCard ? show({ ...callback, via: "reply", reqId }, REPLY_TYPES, card) : shown;
      }
      return show({ botId, chat: callback.chat, via: "reply", reqId }, REPLY_TYPES, body);
    },
    /** Once, within five seconds of enter_chat. */
    welcome(botId: string, reqId: string, body: Json): JsonAnswer {
      const callback = findCallback(botId, reqId, FAST_REPLY_MS);
      if (callback?.kind !== "enter_chat" || callback.isUsed) return refused(BAD_REQ_ID, "invalid req_id");
      const ack = show({ botId, chat: callback.chat, via: "welcome", reqId }, WELCOME_TYPES, body);
      callback.isUsed = ack.errcode === 0;
      return ack;
    },
    /** Within five seconds of a pressed card, with the same task_id. */
    updateCard(botId: string, reqId: string, body: Json): JsonAnswer {
      const callback = findCallback(botId, reqId, FAST_REPLY_MS);
      if (callback?.kind !== "template_card_event") return refused(BAD_REQ_ID, "invalid req_id");
      if (body.response_type !== "update_template_card")
        return refused(BAD_PARAMETER, "invalid response_type");
      const card = (body.template_card ?? {}) as Json;
      const fault = findCardFault(card);
      if (fault !== null) return fault;
      if (card.task_id !== callback.taskId)
        return refused(BAD_PARAMETER, "task_id is not that of the pressed card");
      const shown = screen.findCard(callback.chat, String(card.task_id));
      if (shown !== null) shown.card = card;
      screen.changed();
      return ok();
    },
    /** Unasked; only to who wrote before. Which code a stranger earns is not published. */
    push: (botId: string, body: unknown): JsonAnswer =>
      withBody(pushSchema, body, (read) => {
        const isKnown = [...callbacks.values()].some((it) => it.botId === botId && it.chat === read.chatid);
        if (!isKnown) return refused(BAD_PARAMETER, "invalid chatid: it never wrote to the bot");
        return show({ botId, chat: read.chatid, via: "push", reqId: null }, PUSH_TYPES, read);
      }),
  };
}
export type BotReplies = ReturnType<typeof createBotReplies>;

const MEDIA_TYPES = ["image", "voice", "file", "video"];
const REPLY_TYPES = ["markdown", "template_card", ...MEDIA_TYPES];
const PUSH_TYPES = REPLY_TYPES;
const WELCOME_TYPES = ["text", "template_card"];
export const RESPONSE_URL_TYPES = ["markdown", "template_card"];
