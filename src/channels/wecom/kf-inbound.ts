import { z } from "zod";
import type { InboundMessage } from "../../domain/conversations/conversation.ts";
import type { Part } from "../../domain/conversations/message.ts";
import { joinKey } from "../../domain/keys.ts";
import { PLATFORM } from "./app-inbound.ts";

export const KF_CHANNEL = "wecom-kf";

const text = z.string().catch("");
const eventSchema = z.looseObject({
  event_type: z.string(),
  open_kfid: text,
  external_userid: text,
  welcome_code: z.string().optional(),
  fail_msgid: z.string().optional(),
  fail_type: z.int().optional(),
  change_type: z.int().optional(),
  new_servicer_userid: z.string().optional(),
});

/** One line of 微信客服's log (protocols §1.6). Fields that we do not know are left alone. */
export const kfItemSchema = z.looseObject({
  msgid: z.string().min(1),
  open_kfid: text,
  external_userid: text,
  send_time: z.number().nonnegative(),
  /** 3: the customer. 4: an event. 5: a person in the client. */
  origin: z.int(),
  servicer_userid: z.string().optional(),
  msgtype: z.string(),
  event: eventSchema.optional(),
});
export type KfItem = z.infer<typeof kfItemSchema>;
export type KfEvent = z.infer<typeof eventSchema>;

/** The conversation of a customer with a 客服账号. */
export function kfTalk({ openKfId, customer }: { openKfId: string; customer: string }) {
  return {
    channel: KF_CHANNEL,
    platform: PLATFORM,
    shop: { id: openKfId, name: null },
    externalConversationId: customer,
  };
}

/**
 * What a customer or a servicer wrote, in our form; events come as a note of the system, so that each is met once.
 *
 * @param name - the customer's, when it is known
 */
export function toKfMessage(
  item: KfItem,
  { name, now }: { name: string | null; now: number },
): InboundMessage {
  const { openKfId, customer } = whoseOf(item);
  const isEvent = item.event !== undefined;
  return {
    ...kfTalk({ openKfId, customer }),
    customer: { id: customer, name },
    author: isEvent ? "system" : item.origin === 5 ? "person" : item.origin === 3 ? "buyer" : "system",
    platformMessageId: item.msgid,
    dedupeKey: joinKey([KF_CHANNEL, openKfId, item.msgid]),
    parts: isEvent ? [{ type: "system", text: item.event?.event_type ?? "" }] : [partOf(item)],
    at: Math.min(item.send_time * 1000, now),
    context: null,
  };
}

/** Of an event the ids lie inside it. */
export function whoseOf(item: KfItem): { openKfId: string; customer: string } {
  return {
    openKfId: item.event?.open_kfid || item.open_kfid,
    customer: item.event?.external_userid || item.external_userid,
  };
}

const bodySchema = z
  .looseObject({ content: text, media_id: text, name: text, address: text, title: text, url: text })
  .catch({ content: "", media_id: "", name: "", address: "", title: "", url: "" });

function partOf(item: KfItem): Part {
  const body = bodySchema.parse(item[item.msgtype]);
  const media = { channel: KF_CHANNEL, id: body.media_id };
  switch (item.msgtype) {
    case "text":
      return { type: "text", text: body.content };
    case "image":
      return { type: "image", media };
    case "voice":
      return { type: "voice", media, format: "amr" };
    case "link":
      return { type: "link", url: body.url, title: body.title };
    case "location":
      return { type: "text", text: `[位置] ${[body.name, body.address].filter(Boolean).join(" ")}`.trim() };
    case "video":
      return { type: "video", media, refused: "unreadable-file" };
    default:
      return { type: "file", media, refused: "unreadable-file" };
  }
}
