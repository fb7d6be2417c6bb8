import { createHash } from "node:crypto";
import type { TextToSpeech } from "../../domain/conversations/media.ts";
import type { SaidMessage } from "../../domain/conversations/message.ts";
import type { MessageSender } from "../../domain/conversations/sender.ts";
import type { Lease } from "../../domain/leases.ts";
import type { Log } from "../../domain/log.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import type { WecomApi } from "./api.ts";
import type { HandoffCards } from "./handoff-cards.ts";
import { createMessagesPerMinute } from "./messages-per-minute.ts";
import { createPieceSender } from "./piece-sender.ts";
import { createPieces, type Piece } from "./pieces.ts";
import { splitBytes } from "./split-bytes.ts";

export const APP_CHANNEL = "wecom-app";
export const TEXT_BYTES = 2_048;
const MOST_PER_MINUTE = 30;
/** A send whose answer was lost comes again within this. */
const SAME_AGAIN_S = 120;
const MOST_REMEMBERED = 10_000;
const MINUTE_MS = 60_000;
const SHOWN = ["sent", "sending", "uncertain"];

/** Messages of a self-built app to a member (protocols §1.3): at most 30 a minute, since more are dropped without a word. */
export function createAppSender({
  api,
  agentId,
  files,
  speak,
  cards,
  lease,
  recent,
  now,
  log,
}: {
  api: Omit<WecomApi, "media">;
  agentId: number;
  files: FileStore;
  speak: TextToSpeech | null;
  cards: HandoffCards;
  lease: () => Lease | null;
  /** The conversation's newest messages: what another process may have sent a moment ago counts too. */
  recent: (conversationId: string) => Promise<SaidMessage[]>;
  now: () => number;
  log: Log;
}): MessageSender {
  const toPieces = createPieces({ upload: api.upload, files, textBytes: TEXT_BYTES, speak, now, log });
  const pieces = createPieceSender({ toPieces, now });
  const budget = createMessagesPerMinute({ most: MOST_PER_MINUTE, now });
  const known = new Set<string>();
  /** Which messages showed that to that member, and when. */
  const shown = new Map<string, { message: string; at: number }[]>();

  return {
    channel: APP_CHANNEL,
    lease,
    // 企业微信 is asked to pass over what it has shown a moment ago; a picture is the same only while we know its upload.
    dedupes: ({ id, parts }) =>
      pieces.progress(id) !== null || parts.every((part) => part.type === "text" && part.spoken !== true),

    async prepare({ conversation, idempotencyKey, parts }) {
      const touser = conversation.external_id;
      if (!known.has(conversation.id)) learn(touser, await recent(conversation.id));
      if (known.size >= MOST_REMEMBERED) known.clear();
      known.add(conversation.id);
      const fault = (await pieces.open(idempotencyKey, parts)) ?? (await api.ready());
      if (fault !== null) return async () => fault;
      return async (writeBefore) => {
        if (lease() === null) return { status: "not-connected" };
        return await pieces.send(idempotencyKey, {
          writeBefore,
          async send(piece) {
            const wait = budget.take(touser);
            if (wait > 0) return wait;
            const content = contentOf(piece);
            const check = duplicateCheck(touser, content, idempotencyKey);
            await api.post("message/send", { touser, agentid: agentId, ...content, ...check }, writeBefore);
            return undefined;
          },
        });
      };
    },

    async transfer(conversation, handoff) {
      await cards.offer(conversation, handoff);
      return false;
    },
  };

  /** What the records say of the last minutes, which another process may have sent. */
  function learn(touser: string, messages: readonly SaidMessage[]): void {
    const out = messages.filter(
      ({ direction, status, at }) =>
        direction === "out" && SHOWN.includes(status) && at > now() - SAME_AGAIN_S * 1_000,
    );
    const moments: number[] = [];
    for (const { id, parts, at } of out)
      for (const part of parts)
        for (const text of part.type === "text" ? splitBytes(part.text, TEXT_BYTES) : [""]) {
          if (at > now() - MINUTE_MS) moments.push(at);
          note(hashOf(touser, contentOf({ type: "text", text })), id, at);
        }
    budget.note(touser, moments);
  }

  /** The same words of another message are meant to be seen again. */
  function duplicateCheck(touser: string, content: object, message: string) {
    const others = note(hashOf(touser, content), message, now()).filter((it) => it.message !== message);
    return others.length > 0 ? {} : { enable_duplicate_check: 1, duplicate_check_interval: SAME_AGAIN_S };
  }

  function note(hash: string, message: string, at: number): { message: string; at: number }[] {
    const since = now() - SAME_AGAIN_S * 1_000;
    const others = (shown.get(hash) ?? []).filter((it) => it.at > since && it.message !== message);
    const all = [...others, { message, at }];
    shown.delete(hash);
    const [oldest] = shown.keys();
    if (shown.size >= MOST_REMEMBERED && oldest !== undefined) shown.delete(oldest);
    shown.set(hash, all);
    return all;
  }
}

export function contentOf(piece: Piece): Record<string, unknown> {
  return piece.type === "text"
    ? { msgtype: "text", text: { content: piece.text } }
    : { msgtype: piece.type, [piece.type]: { media_id: piece.mediaId } };
}

function hashOf(touser: string, content: object): string {
  return createHash("sha256")
    .update(JSON.stringify([touser, content]))
    .digest("base64");
}
