import { z } from "zod";
import { isKey } from "../../domain/keys.ts";

/** cs-bridge/1, spec bridge.md. Unknown fields are ignored. */
const idSchema = z
  .string()
  .min(1)
  .max(256)
  .refine(isKey, { message: "must be whole characters, none of them control characters" });

const contentSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string().max(20_000) }),
  z
    .object({
      type: z.literal("image"),
      url: z.string().max(4000).optional(),
      data_url: z.string().optional(),
    })
    .refine((image) => image.url !== undefined || image.data_url !== undefined, {
      message: "an image needs url or data_url",
    }),
  z.object({
    type: z.literal("voice"),
    url: z.string().max(4000),
    format: z.string().optional(),
    text: z.string().optional(),
  }),
  z.object({ type: z.literal("video"), url: z.string().max(4000) }),
  z.object({ type: z.literal("file"), url: z.string().max(4000), name: z.string().optional() }),
  z.object({ type: z.literal("emoji"), text: z.string().max(200).default("") }),
  z.looseObject({ type: z.literal("goods_card") }),
  z.looseObject({ type: z.literal("order_card") }),
  z.object({ type: z.literal("link"), url: z.string().max(4000), title: z.string().optional() }),
  z.object({ type: z.literal("system"), text: z.string().default("") }),
]);
export type FrameContent = z.infer<typeof contentSchema>;

const messageBodySchema = z.intersection(
  z.object({ id: idSchema.optional() }),
  z.union([
    contentSchema,
    z.object({ type: z.literal("mixed"), parts: z.array(contentSchema).min(1).max(30) }),
  ]),
);

export const messageFrameSchema = z.object({
  kind: z.literal("message"),
  id: idSchema,
  ts: z.number().optional(),
  platform: idSchema.max(64),
  shop: z.object({ id: idSchema, name: z.string().optional() }),
  account: z.object({ id: z.string() }).optional(),
  conversation: z.object({ id: idSchema }),
  from: z.object({
    role: z.enum(["buyer", "agent", "bot", "system"]),
    id: idSchema,
    name: z.string().optional(),
  }),
  message: messageBodySchema,
  context: z
    .object({
      order: z.object({ id: z.string(), status: z.string().optional() }).optional(),
      goods: z
        .object({ id: z.string().optional(), title: z.string().optional(), price_fen: z.number().optional() })
        .optional(),
    })
    .optional(),
});
export type MessageFrame = z.infer<typeof messageFrameSchema>;

export const inboundFrameSchema = z.discriminatedUnion("kind", [
  messageFrameSchema,
  z.object({
    kind: z.literal("ack"),
    ref: z.string(),
    ok: z.boolean(),
    code: z.string().max(100).optional(),
    error: z.string().max(2_000).optional(),
    platform_message_id: idSchema.optional(),
  }),
  z.object({
    kind: z.literal("transfer_result"),
    ref: z.string(),
    ok: z.boolean(),
    agent: z.union([z.string(), z.looseObject({ id: z.string() })]).optional(),
  }),
  z.object({
    kind: z.literal("recall"),
    platform: z.string().optional(),
    shop: z.object({ id: idSchema }).optional(),
    conversation: z.object({ id: idSchema }),
    message: z.object({ id: idSchema }),
  }),
  z.object({ kind: z.literal("ping"), id: z.string().optional() }),
  z.object({ kind: z.literal("pong") }),
  z.object({
    kind: z.literal("error"),
    ref: z.string().optional(),
    code: z.string().max(100),
    message: z.string().max(2_000).optional(),
  }),
]);
export type InboundFrame = z.infer<typeof inboundFrameSchema>;

export type OutboundContent =
  | { type: "text"; text: string }
  | { type: "image"; url?: string; data_url?: string; name?: string };

export type OutboundFrame =
  | { kind: "hello"; client: "tianwang-cs"; version: string; token?: string }
  | { kind: "ack"; ref: string; ok: true }
  | { kind: "pong"; ref?: string }
  | { kind: "error"; ref?: string; code: string; message: string }
  | {
      kind: "reply";
      platform: string;
      shop: { id: string };
      conversation: { id: string };
      in_reply_to?: string;
      messages: OutboundContent[];
      mode: "send" | "suggest";
      idempotency_key: string;
    }
  | {
      kind: "transfer";
      platform: string;
      shop: { id: string };
      conversation: { id: string };
      to?: { group_id: string };
      reason: string;
    };
