import { createHash } from "node:crypto";
import { z } from "zod";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import type { MediaSource, TextToSpeech } from "../../domain/conversations/media.ts";
import type { MessageSender } from "../../domain/conversations/sender.ts";
import { errorText } from "../../domain/errors.ts";
import type { Lease } from "../../domain/leases.ts";
import type { Log } from "../../domain/log.ts";
import type { FileStore, PictureFetcher } from "../../domain/pictures/ports.ts";
import { accept, refuse } from "../../domain/result.ts";
import { WecomRefusal, WecomTooLate } from "./api.ts";
import type { BotConnection } from "./bot-connection.ts";
import { BOT_CHANNEL, chatOf } from "./bot-inbound.ts";
import { decryptFile } from "./callback-crypto.ts";
import type { HandoffCards } from "./handoff-cards.ts";
import { createMessagesPerMinute } from "./messages-per-minute.ts";
import { createPieceSender } from "./piece-sender.ts";
import { createPieces, type Piece } from "./pieces.ts";
import { splitBytes } from "./split-bytes.ts";

const TEXT_BYTES = 20_480;
const MOST_PER_MINUTE = 30;
const CHUNK_BYTES = 512 * 1024;
/** A stream may be written to for six minutes from its first frame. */
const STREAM_MS = 330_000;
/** An answer to what was asked earlier than this comes as a message of its own. */
const REPLY_WITHIN_MS = 24 * 60 * 60_000;
const ACK_AGAIN_MS = 250;
const MOST_REMEMBERED = 10_000;
const STREAM_OVER = [846605, 846608];

const uploadSchema = z.looseObject({ upload_id: z.string().min(1) });
const mediaSchema = z.looseObject({ media_id: z.string().min(1) });

/** What a callback may be answered with. */
type Callback = { reqId: string; at: number; streamFrom: number | null; shown: string };

/**
 * Answers of a 智能机器人: a text as the stream of the message that it answers, everything else as messages of its own. A
 * stream's text replaces what stood there, so it may come twice; another message that nobody confirmed is never repeated.
 */
export function createBotSender({
  connection,
  files,
  speak,
  cards,
  thinking,
  lease,
  now,
  log,
}: {
  connection: Pick<BotConnection, "request" | "isReady" | "isWaiting">;
  files: FileStore;
  speak: TextToSpeech | null;
  /** Null: no app to tell people with. */
  cards: HandoffCards | null;
  /** Shown until there are words. */
  thinking: () => string;
  lease: () => Lease | null;
  now: () => number;
  log: Log;
}) {
  const toPieces = createPieces({ upload, files, textBytes: TEXT_BYTES, speak, now, log });
  const pieces = createPieceSender({ toPieces, now });
  const budget = createMessagesPerMinute({ most: MOST_PER_MINUTE, now });
  /** By message id; gone with the process, and then an answer is a message of its own. */
  const callbacks = new Map<string, Callback>();

  function callbackOf(inReplyTo: string | null): Callback | null {
    const callback = inReplyTo === null ? undefined : callbacks.get(inReplyTo);
    if (callback === undefined || callback.at + REPLY_WITHIN_MS < now()) return null;
    const isOver = callback.streamFrom !== null && callback.streamFrom + STREAM_MS < now();
    return isOver ? null : callback;
  }

  async function writeStream(callback: Callback, content: string, finish: boolean): Promise<void> {
    callback.streamFrom ??= now();
    callback.shown = content;
    await connection.request(
      "aibot_respond_msg",
      { msgtype: "stream", stream: { id: `st-${callback.reqId}`, finish, content } },
      callback.reqId,
    );
  }

  async function push(conversation: Conversation, piece: Piece): Promise<void> {
    const content =
      piece.type === "text"
        ? { msgtype: "markdown", markdown: { content: piece.text } }
        : { msgtype: piece.type, [piece.type]: { media_id: piece.mediaId } };
    await connection.request("aibot_send_msg", { ...chatOf(conversation.external_id), ...content });
  }

  async function upload(
    type: "image" | "voice" | "file",
    bytes: Uint8Array,
    filename: string,
  ): Promise<string> {
    const total = Math.ceil(bytes.length / CHUNK_BYTES);
    const { upload_id } = uploadSchema.parse(
      await connection.request("aibot_upload_media_init", {
        type,
        filename,
        total_size: bytes.length,
        total_chunks: total,
        md5: createHash("md5").update(bytes).digest("hex"),
      }),
    );
    for (let index = 0; index < total; index += 1) {
      const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      await connection.request("aibot_upload_media_chunk", {
        upload_id,
        chunk_index: index,
        base64_data: Buffer.from(chunk).toString("base64"),
      });
    }
    return mediaSchema.parse(await connection.request("aibot_upload_media_finish", { upload_id })).media_id;
  }

  const sender: MessageSender = {
    channel: BOT_CHANNEL,
    lease,
    dedupes({ id, parts, in_reply_to }) {
      const progress = pieces.progress(id);
      if (progress !== null && !progress.isInDoubt) return true;
      if (callbackOf(in_reply_to) === null) return false;
      if (!parts.every((part) => part.type === "text" && part.spoken !== true)) return false;
      return (
        parts.flatMap((part) => (part.type === "text" ? splitBytes(part.text, TEXT_BYTES) : [])).length === 1
      );
    },

    async prepare({ conversation, idempotencyKey, parts, inReplyTo }) {
      if (!connection.isReady()) return async () => ({ status: "not-connected" });
      const fault = await pieces.open(idempotencyKey, parts);
      if (fault !== null) return async () => fault;
      return async (writeBefore) => {
        if (!connection.isReady() || lease() === null) return { status: "not-connected" };
        return await pieces.send(idempotencyKey, {
          writeBefore,
          async send(piece, at, { isInDoubt }) {
            const callback = at === 0 && piece.type === "text" ? callbackOf(inReplyTo) : null;
            if (callback !== null && connection.isWaiting(callback.reqId)) return ACK_AGAIN_MS;
            const isNew = callback === null || callback.streamFrom === null;
            const wait = isNew ? budget.take(chatOf(conversation.external_id).chatid) : 0;
            if (wait > 0) return wait;
            if (callback === null || piece.type !== "text") {
              await push(conversation, piece);
              return undefined;
            }
            try {
              await writeStream(callback, piece.text, true);
            } catch (error) {
              if (!(error instanceof WecomRefusal) || !STREAM_OVER.includes(error.errcode) || isInDoubt)
                throw error;
              // The stream is over: from now on the answer is a message of its own.
              if (inReplyTo !== null) callbacks.delete(inReplyTo);
              if (now() >= writeBefore) throw new WecomTooLate("aibot_send_msg");
              await push(conversation, piece);
            }
            return undefined;
          },
        });
      };
    },

    live(conversation, inReplyTo) {
      const callback = callbackOf(inReplyTo);
      if (callback === null || !connection.isReady() || lease() === null) return null;
      if (callback.streamFrom === null && budget.take(chatOf(conversation.external_id).chatid) > 0)
        return null;
      const show = (text: string) => {
        // What is skipped comes with the next words, at the latest with the answer itself.
        const content = splitBytes(text, TEXT_BYTES)[0] ?? thinking();
        if (content === callback.shown || connection.isWaiting(callback.reqId) || lease() === null) return;
        writeStream(callback, content, false).catch((error: unknown) =>
          log.debug("wecom_bot.stream_skipped", { error: errorText(error) }),
        );
      };
      return show;
    },

    async transfer(conversation, handoff) {
      await cards?.offer(conversation, handoff);
      return false;
    },
  };

  return {
    sender,
    /** What was written could not be kept: says so at once, or nobody would. */
    apologize(messageId: string, text: string): void {
      const callback = callbackOf(messageId);
      if (callback === null || lease() === null) return;
      writeStream(callback, text, true).catch((error: unknown) =>
        log.warn("wecom_bot.not_answered", { error: errorText(error) }),
      );
    },
    /** A message has come that may be answered under this id. */
    noteCallback(messageId: string, reqId: string): void {
      if (callbacks.size >= MOST_REMEMBERED) {
        const [oldest] = callbacks.keys();
        if (oldest !== undefined) callbacks.delete(oldest);
      }
      callbacks.set(messageId, { reqId, at: now(), streamFrom: null, shown: "" });
    },
  };
}

/** A bot's pictures lie encrypted at an address that holds for five minutes. */
export function createBotMediaSource({ fetcher }: { fetcher: PictureFetcher }): MediaSource {
  return {
    async fetch({ id, key = "" }) {
      const fetched = await fetcher.fetch(id);
      if (!fetched.ok) return fetched;
      try {
        return accept(decryptFile(Buffer.from(key, "base64"), fetched.value));
      } catch {
        return refuse("unreadable");
      }
    },
  };
}
