import { z } from "zod";
import type { Conversation } from "../../domain/conversations/conversation.ts";
import type { TextToSpeech } from "../../domain/conversations/media.ts";
import type { MessageSender } from "../../domain/conversations/sender.ts";
import type { Lease } from "../../domain/leases.ts";
import type { Log } from "../../domain/log.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import { type WecomApi, WecomRefusal } from "./api.ts";
import { contentOf, TEXT_BYTES } from "./app-sender.ts";
import { KF_CHANNEL } from "./kf-inbound.ts";
import { shortId } from "./kf-pull.ts";
import { createPieceSender } from "./piece-sender.ts";
import { createPieces } from "./pieces.ts";

const QUEUE = 2;
const WITH_PEOPLE = [2, 3];
const ILLEGAL_CHANGE = 95016;
/** A send in a state in which the chat is not the API's. */
const NOT_OURS = "wecom-95018";

const stateSchema = z.looseObject({ service_state: z.int() });

/** Messages of 微信客服 to a customer, each piece under an id of its own: sent twice, it is shown once. */
export function createKfSender({
  api,
  files,
  speak,
  lease,
  hold,
  now,
  log,
}: {
  api: Omit<WecomApi, "media">;
  files: FileStore;
  speak: TextToSpeech | null;
  lease: () => Lease | null;
  /** People have it there: the bot is silent here, too. */
  hold: (conversationId: string) => Promise<unknown>;
  now: () => number;
  log: Log;
}): MessageSender {
  const toPieces = createPieces({ upload: api.upload, files, textBytes: TEXT_BYTES, speak, now, log });
  const pieces = createPieceSender({ toPieces, now });

  return {
    channel: KF_CHANNEL,
    lease,
    dedupes: () => true,

    async prepare({ conversation, idempotencyKey, parts }) {
      const id = shortId(idempotencyKey);
      const fault = (await pieces.open(idempotencyKey, parts)) ?? (await api.ready());
      if (fault !== null) return async () => fault;
      return async (writeBefore) => {
        if (lease() === null) return { status: "not-connected" };
        const outcome = await pieces.send(idempotencyKey, {
          writeBefore,
          async send(piece, at) {
            const message = { ...whoseOf(conversation), msgid: `${id}_${at}`, ...contentOf(piece) };
            const { external_userid: touser, ...body } = message;
            await api.post("kf/send_msg", { touser, ...body }, writeBefore);
            return undefined;
          },
        });
        if (outcome.status === "refused" && outcome.code === NOT_OURS && (await isWithPeople(conversation))) {
          // One of its people has the chat, or will: then it is not ours to answer.
          await hold(conversation.id);
          return { status: "too-late" };
        }
        return outcome.status === "acked" ? { ...outcome, platformMessageId: id } : outcome;
      };
    },

    /** Into the queue of its people; who of them takes it, comes as an event. */
    async transfer(conversation) {
      try {
        await api.post("kf/service_state/trans", { ...whoseOf(conversation), service_state: QUEUE });
        return true;
      } catch (error) {
        if (!(error instanceof WecomRefusal) || error.errcode !== ILLEGAL_CHANGE) throw error;
        return await isWithPeople(conversation);
      }
    },
  };

  async function isWithPeople(conversation: Conversation): Promise<boolean> {
    const answer = await api.post("kf/service_state/get", whoseOf(conversation));
    const state = stateSchema.safeParse(answer);
    return state.success && WITH_PEOPLE.includes(state.data.service_state);
  }
}

function whoseOf({ shop_id, external_id }: Conversation) {
  return { open_kfid: shop_id, external_userid: external_id };
}
