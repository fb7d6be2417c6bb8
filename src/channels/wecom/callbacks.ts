import { z } from "zod";
import type { InboundMessage } from "../../domain/conversations/conversation.ts";
import { AppError } from "../../domain/errors.ts";
import type { Jobs } from "../../domain/jobs/jobs.ts";
import { joinKey } from "../../domain/keys.ts";
import { toAppMessage, userIdSchema } from "./app-inbound.ts";
import type { CallbackCrypto } from "./callback-crypto.ts";
import { readFlatXml } from "./flat-xml.ts";
import { readCardKey } from "./handoff-cards.ts";

const querySchema = z.object({
  msg_signature: z.string(),
  timestamp: z.string(),
  nonce: z.string(),
});
const verifySchema = querySchema.extend({ echostr: z.string() });
const mailSchema = z.object({
  Event: z.literal("kf_msg_or_event"),
  Token: z.string(),
  OpenKfId: z.string().optional(),
});
const cardSchema = z.object({
  Event: z.literal("template_card_event"),
  FromUserName: userIdSchema,
  EventKey: z.string(),
  ResponseCode: z.string(),
});

/** What a press on a card's button is kept as until it is looked at (`handoff-card` jobs). */
export const cardPressSchema = z.object({
  userId: z.string(),
  key: z.string(),
  responseCode: z.string(),
});

/** What a ring of 微信客服 is kept as until its messages are fetched (`kf-pull` jobs). */
export const kfMailSchema = z.object({ openKfId: z.string(), token: z.string() });

export type Callbacks = ReturnType<typeof createCallbacks>;

/**
 * What 企业微信 calls us with, for an app and for 微信客服 alike: opened, kept, and only then acknowledged, so that a kill or
 * a retry of theirs changes nothing. What it means is worked out later.
 *
 * Both throw AppError("bad-signature" | "bad-callback").
 */
export function createCallbacks({
  crypto,
  agentId,
  accounts,
  receive,
  jobs,
  now,
}: {
  crypto: CallbackCrypto;
  /** Whose messages are ours; null: there is no app. */
  agentId: string | null;
  /** The 客服账号 that are ours to answer; others of the company ring here too. */
  accounts: readonly string[];
  receive: (message: InboundMessage) => Promise<unknown>;
  jobs: Jobs;
  now: () => number;
}) {
  return {
    /** The plain text to answer the verification of our address with. */
    verify(query: unknown): string {
      const read = verifySchema.safeParse(query);
      if (!read.success)
        throw new AppError("bad-callback", "msg_signature, timestamp, nonce and echostr are needed");
      return crypto.open(read.data.echostr, read.data);
    },

    async take(query: unknown, body: string): Promise<void> {
      const read = querySchema.safeParse(query);
      if (!read.success) throw new AppError("bad-callback", "msg_signature, timestamp and nonce are needed");
      const fields = readFlatXml(crypto.open(readFlatXml(body).Encrypt ?? "", read.data));

      const mail = mailSchema.safeParse(fields);
      if (mail.success) {
        const { OpenKfId: named, Token: token } = mail.data;
        // An older ring names none of them.
        for (const openKfId of accounts.filter((it) => named === undefined || it === named))
          await jobs.enqueue(kfPull({ openKfId, token }));
        return;
      }
      const press = cardSchema.safeParse(fields);
      if (press.success) {
        const { FromUserName: userId, EventKey: key, ResponseCode: responseCode } = press.data;
        const card = readCardKey(key);
        if (card === null) return;
        await jobs.enqueue({
          kind: "handoff-card",
          key: joinKey(["handoff-card", key, userId]),
          // One after the other: the first who presses has it.
          queue: joinKey(["handoff-card", card.handoffId]),
          payload: { userId, key, responseCode },
        });
        return;
      }
      const message = fields.AgentID === agentId ? toAppMessage(fields, now()) : null;
      if (message !== null) await receive(message);
    },
  };
}

/** Fetches what there is of an account; a ring that comes while it runs makes it look again. */
export function kfPull(payload: z.infer<typeof kfMailSchema>) {
  return { kind: "kf-pull" as const, key: joinKey(["kf-pull", payload.openKfId]), payload, maxAttempts: 50 };
}
