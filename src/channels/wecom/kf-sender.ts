import { z } from "zod";
import type { TextToSpeech } from "../../domain/conversations/media.ts";
import type { MessageSender } from "../../domain/conversations/sender.ts";
import type { Lease } from "../../domain/leases.ts";
import type { Log } from "../../domain/log.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import { type WecomApi, WecomRefusal } from "./api.ts";
import { contentOf, TEXT_BYTES } from "./app-sender.ts";
import { KF_CHANNEL } from "./kf-inbound.ts";
import { shortId } from "./kf-pull.ts";
import { createPieceSender, createPieces } from "./pieces.ts";

const QUEUE = 2;
const WITH_PEOPLE = [2, 3];
const ILLEGAL_CHANGE = 95016;

const stateSchema = z.looseObject({ service_state: z.int() });

/** Messages of 微信客服 to a customer, each piece under an id of its own: sent twice, it is shown once. */
export function createKfSender({
  api,
  files,
  speak,
  lease,
  now,
  log,
}: {
  api: WecomApi;
  files: FileStore;
  speak: TextToSpeech | null;
  lease: () => Lease | null;
  now: () => number;
  log: Log;
}): MessageSender {
  const toPieces = createPieces({ upload: api.upload, files, textBytes: TEXT_BYTES, speak, now, log });
  const sendPieces = createPieceSender({ now });

  return {
    channel: KF_CHANNEL,
    lease,
    dedupes: () => true,

    async prepare({ conversation, idempotencyKey, parts }) {
      const pieces = await toPieces(parts);
      if (!Array.isArray(pieces)) return async () => pieces;
      const id = shortId(idempotencyKey);
      return async (writeBefore) => {
        if (lease() === null) return { status: "not-connected" };
        const outcome = await sendPieces(idempotencyKey, pieces, {
          writeBefore,
          async send(piece, at) {
            await api.post("kf/send_msg", {
              touser: conversation.external_id,
              open_kfid: conversation.shop_id,
              msgid: `${id}_${at}`,
              ...contentOf(piece),
            });
            return undefined;
          },
        });
        return outcome.status === "acked" ? { ...outcome, platformMessageId: id } : outcome;
      };
    },

    /** Into the queue of its people; who of them takes it, comes as an event. */
    async transfer(conversation) {
      const whose = { open_kfid: conversation.shop_id, external_userid: conversation.external_id };
      try {
        await api.post("kf/service_state/trans", { ...whose, service_state: QUEUE });
        return true;
      } catch (error) {
        if (!(error instanceof WecomRefusal) || error.errcode !== ILLEGAL_CHANGE) throw error;
        const { service_state } = stateSchema.parse(await api.post("kf/service_state/get", whose));
        return WITH_PEOPLE.includes(service_state);
      }
    },
  };
}
