import { z } from "zod";
import { conversationIdOf, type InboundMessage } from "../../domain/conversations/conversation.ts";
import type { Part } from "../../domain/conversations/message.ts";
import { joinKey } from "../../domain/keys.ts";
import { PLATFORM } from "./app-inbound.ts";

export const BOT_CHANNEL = "wecom-bot";

const fileSchema = z.looseObject({ url: z.string(), aeskey: z.string().default("") });
const textSchema = z.looseObject({ content: z.string() });
const itemSchema = z.looseObject({
  msgtype: z.string(),
  text: textSchema.optional(),
  image: fileSchema.optional(),
});

/** What a member wrote to a bot, as protocols §1.4 and §1.5 have it. */
export const botMessageSchema = itemSchema.extend({
  msgid: z.string().min(1),
  aibotid: z.string().min(1),
  chatid: z.string().optional(),
  chattype: z.string().default("single"),
  from: z.looseObject({ userid: z.string().min(1) }),
  mixed: z.looseObject({ msg_item: z.array(itemSchema) }).optional(),
  /** The words as 企业微信 has heard them; there is no recording. */
  voice: textSchema.optional(),
});
export type BotMessage = z.infer<typeof botMessageSchema>;

/** In a group each member has a conversation of their own, and all are answered in the group. */
export function toBotMessage(message: BotMessage, now: number): InboundMessage {
  const { aibotid: botId, msgid, from } = message;
  return {
    channel: BOT_CHANNEL,
    platform: PLATFORM,
    shop: { id: botId, name: null },
    externalConversationId:
      message.chattype === "group" && message.chatid !== undefined
        ? joinKey([message.chatid, from.userid])
        : joinKey([from.userid]),
    customer: { id: from.userid, name: null },
    author: "buyer",
    platformMessageId: msgid,
    dedupeKey: joinKey([BOT_CHANNEL, botId, msgid]),
    parts: partsOf(message),
    at: now,
    context: null,
  };
}

/** The conversation that a member has with a bot alone. */
export function botTalkId(botId: string, userId: string): string {
  const shop = { id: botId };
  return conversationIdOf({
    channel: BOT_CHANNEL,
    platform: PLATFORM,
    shop,
    externalConversationId: joinKey([userId]),
  });
}

/** Where a conversation's words go: a group, or the member alone. */
export function chatOf(externalId: string): { chatid: string; chat_type: 1 | 2 } {
  const [chat = "", member] = externalId
    .split("|")
    .map((part) => part.replaceAll("%7C", "|").replaceAll("%25", "%"));
  return member === undefined ? { chatid: chat, chat_type: 1 } : { chatid: chat, chat_type: 2 };
}

function partsOf(message: BotMessage): Part[] {
  const items = message.msgtype === "mixed" ? (message.mixed?.msg_item ?? []) : [message];
  const isGroup = message.chattype === "group";
  return items.map((item): Part => {
    if (item.text !== undefined)
      // In a group the bot is called by its name first.
      return {
        type: "text",
        text: isGroup ? item.text.content.replace(/^\s*@\S+\s*/u, "") : item.text.content,
      };
    if (item.image !== undefined) {
      const { url, aeskey } = item.image;
      return { type: "image", media: { channel: BOT_CHANNEL, id: url, key: aeskey } };
    }
    if (message.voice !== undefined) return { type: "voice", text: message.voice.content };
    return { type: "file", refused: "unreadable-file" };
  });
}
