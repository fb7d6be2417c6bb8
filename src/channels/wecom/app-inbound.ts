import { z } from "zod";
import type { InboundMessage } from "../../domain/conversations/conversation.ts";
import type { Part } from "../../domain/conversations/message.ts";
import { joinKey } from "../../domain/keys.ts";
import { APP_CHANNEL } from "./app-sender.ts";
import type { XmlFields } from "./flat-xml.ts";

export const PLATFORM = "wecom";

/** As 企业微信 has them; @all and lists of members are none. */
export const userIdSchema = z.string().regex(/^(?!@)[\w.@-]{1,64}$/u);

const messageSchema = z.object({
  ToUserName: z.string().min(1),
  FromUserName: userIdSchema,
  CreateTime: z.coerce.number().int().positive(),
  MsgType: z.string().min(1),
  MsgId: z.string().regex(/^\d+$/u),
  AgentID: z.string().min(1),
});

/** What a member wrote to an app, in our form; null for events and what has no sender or id. */
export function toAppMessage(fields: XmlFields, now: number): InboundMessage | null {
  const read = messageSchema.safeParse(fields);
  if (!read.success || read.data.MsgType === "event") return null;
  const { ToUserName: corpId, FromUserName: userId, AgentID: agentId, MsgId: id, CreateTime } = read.data;
  return {
    channel: APP_CHANNEL,
    platform: PLATFORM,
    shop: { id: joinKey([corpId, agentId]), name: null },
    externalConversationId: userId,
    customer: { id: userId, name: null },
    author: "buyer",
    platformMessageId: id,
    dedupeKey: joinKey([APP_CHANNEL, corpId, agentId, id]),
    parts: [partOf(read.data.MsgType, fields)],
    // A clock of theirs that runs ahead must not put words into our future.
    at: Math.min(CreateTime * 1000, now),
    context: null,
  };
}

function partOf(type: string, fields: XmlFields): Part {
  const media = { channel: APP_CHANNEL, id: fields.MediaId ?? "" };
  switch (type) {
    case "text":
      return { type: "text", text: fields.Content ?? "" };
    case "image":
      return { type: "image", media, ...(fields.PicUrl ? { url: fields.PicUrl } : {}) };
    case "voice":
      return {
        type: "voice",
        media,
        format: fields.Format || "amr",
        ...(fields.Recognition ? { text: fields.Recognition } : {}),
      };
    case "link":
      return { type: "link", url: fields.Url ?? "", title: fields.Title ?? "" };
    case "location":
      return { type: "text", text: `[位置] ${fields.Label ?? ""}`.trim() };
    case "video":
      return { type: "video", media, refused: "unreadable-file" };
    default:
      return { type: "file", media, refused: "unreadable-file" };
  }
}
