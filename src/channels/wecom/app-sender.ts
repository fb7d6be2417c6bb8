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
import { createPieceSender, createPieces, type Piece } from "./pieces.ts";
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
  api: WecomApi;
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
  const sendPieces = createPieceSender({ now });
  const budget = createMessagesPerMinute({ most: MOST_PER_MINUTE, now });
  const known = new Set<string>();
  /** Which message showed what to whom last, and when. */
  const shown = new Map<string, { key: string; at: number }>();

  return {
    channel: APP_CHANNEL,
    lease,
    // 企业微信 is asked to pass over what it has shown a moment ago.
    dedupes: () => true,

    async prepare({ conversation, idempotencyKey, parts }) {
      if (!known.has(conversation.id)) {
        budget.note(conversation.external_id, sentMoments(await recent(conversation.id), now()));
        known.add(conversation.id);
      }
      const pieces = await toPieces(parts);
      if (!Array.isArray(pieces)) return async () => pieces;
      const touser = conversation.external_id;
      return async (writeBefore) => {
        if (lease() === null) return { status: "not-connected" };
        return await sendPieces(idempotencyKey, pieces, {
          writeBefore,
          async send(piece, at) {
            const wait = budget.take(touser);
            if (wait > 0) return wait;
            const content = contentOf(piece);
            await api.post("message/send", {
              touser,
              agentid: agentId,
              ...content,
              ...duplicateCheck(touser, content, `${idempotencyKey}#${at}`),
            });
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

  /** The same words of another message are meant to be seen again. */
  function duplicateCheck(touser: string, content: object, key: string) {
    const of = createHash("sha256")
      .update(JSON.stringify([touser, content]))
      .digest("base64");
    const last = shown.get(of);
    const isSaidAgain = last !== undefined && last.key !== key && last.at + SAME_AGAIN_S * 1000 > now();
    if (shown.size >= MOST_REMEMBERED) shown.clear();
    shown.set(of, { key, at: now() });
    return isSaidAgain ? {} : { enable_duplicate_check: 1, duplicate_check_interval: SAME_AGAIN_S };
  }
}

export function contentOf(piece: Piece): Record<string, unknown> {
  return piece.type === "text"
    ? { msgtype: "text", text: { content: piece.text } }
    : { msgtype: piece.type, [piece.type]: { media_id: piece.mediaId } };
}

/** When each bubble of the last minute went out, as far as the records say. */
function sentMoments(messages: readonly SaidMessage[], now: number): number[] {
  return messages
    .filter(
      ({ direction, status, at }) => direction === "out" && SHOWN.includes(status) && at > now - MINUTE_MS,
    )
    .flatMap(({ parts, at }) =>
      parts.flatMap((part) =>
        part.type === "text" ? splitBytes(part.text, TEXT_BYTES).map(() => at) : [at],
      ),
    );
}
