import { z } from "zod";
import { remoteMediaSchema } from "./media.ts";

const unreadable = {
  url: z.string().optional(),
  media: remoteMediaSchema.optional(),
  refused: z
    .string()
    .optional()
    .describe("why nobody here can look at it, when the customer is to be told so"),
};

/** One piece of a message, in our own form: channels translate to and from it. */
export const partSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("text"),
    text: z.string(),
    spoken: z
      .boolean()
      .optional()
      .describe("who asked has spoken: a channel that can may say it aloud as well"),
  }),
  z.object({
    type: z.literal("image"),
    url: z.string().optional().describe("where it can be fetched, when a platform gave an address"),
    media: remoteMediaSchema
      .optional()
      .describe("where else its bytes are, when there is no address that anybody can fetch"),
    file: z.string().optional().describe("id in the file store, when the bytes are ours already"),
    picture_id: z.string().optional().describe("set once the picture passed the door"),
    refused: z.string().optional().describe("set once the door refused it: the reason"),
    name: z.string().optional(),
  }),
  z.object({
    type: z.literal("voice"),
    url: z.string().optional(),
    media: remoteMediaSchema.optional(),
    format: z.string().optional(),
    text: z.string().optional().describe("what was said, as the platform or we have heard it"),
    refused: z.string().optional().describe("set once nobody could hear it: the reason"),
  }),
  z.object({ type: z.literal("video"), ...unreadable }),
  z.object({ type: z.literal("file"), ...unreadable, name: z.string().optional() }),
  z.object({ type: z.literal("emoji"), text: z.string() }),
  z.object({
    type: z.literal("card"),
    card: z.enum(["goods", "order"]),
    data: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal("link"), url: z.string(), title: z.string().optional() }),
  z.object({ type: z.literal("system"), text: z.string() }),
]);
export type Part = z.infer<typeof partSchema>;

export type MessageDirection = "in" | "out";
/** buyer: the customer. person: an operator, in the platform's window or ours. bot: the agent. task: a 天网 task. */
export type MessageAuthor = "buyer" | "person" | "bot" | "task" | "system";

/** pending: a turn will take it. held: a person answers it. */
export type InboundStatus = "pending" | "answered" | "held" | "noted" | "recalled";
/**
 * queued -> sending -> sent; uncertain: written, outcome unknown, never resent; cancelled: a person took over first;
 * deferred: a result that waits until the person gives the conversation back.
 */
export type OutboundStatus =
  | "queued"
  | "sending"
  | "sent"
  | "uncertain"
  | "failed"
  | "cancelled"
  | "deferred";

export type Message = {
  id: string;
  /** Order of arrival in our store; grows, has gaps. */
  seq: number;
  conversation_id: string;
  direction: MessageDirection;
  author: MessageAuthor;
  platform_message_id: string | null;
  parts: Part[];
  status: InboundStatus | OutboundStatus;
  /** The conversation's fence when it was written; a bot message is sent only under the same fence. */
  fence: number;
  turn_id: string | null;
  firing_id: string | null;
  in_reply_to: string | null;
  attempts: number;
  error: string | null;
  /** When it was said: the platform's time for inbound, ours for outbound; UTC ms. */
  at: number;
  settled_at: number | null;
};

/** What never reached anybody, or was taken back. */
export const UNSEEN: readonly Message["status"][] = ["cancelled", "recalled", "failed"];

/** What was said and by whom: enough to read a conversation. */
export type SaidMessage = Pick<
  Message,
  "id" | "direction" | "author" | "parts" | "status" | "turn_id" | "at"
>;

/** What a buyer reads or said, as one plain text; pictures and cards as bracketed words. */
export function plainText(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      switch (part.type) {
        case "text":
        case "emoji":
          return part.text;
        case "voice":
          return part.text ?? "";
        case "link":
          return part.title ?? "";
        default:
          return "";
      }
    })
    .filter((text) => text !== "")
    .join("\n");
}

/**
 * Splits a text at sentence ends so that no piece is longer than the platform takes. Nothing is lost: the pieces
 * joined give the text back, apart from white space at the cuts.
 *
 * @param limit - most characters (code points) in a piece
 */
export function splitText(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let rest = [...text];
  while (rest.length > limit) {
    const window = rest.slice(0, limit);
    const lastEnd = window.findLastIndex((char) => "。！？；\n!?;…".includes(char));
    const lastComma = window.findLastIndex((char) => "，,、 ".includes(char));
    const cut = lastEnd > limit / 3 ? lastEnd + 1 : lastComma > limit / 3 ? lastComma + 1 : limit;
    pieces.push(rest.slice(0, cut).join("").trim());
    rest = rest.slice(cut);
  }
  pieces.push(rest.join("").trim());
  return pieces.filter((piece) => piece !== "");
}

/** Stands in a transcript for the pictures of a message. */
export function pictureMark(pictures: number): string {
  return `[图片×${pictures}]`;
}

export function withoutPictureMarks(transcript: string): string {
  return transcript.replaceAll(/\n?\[图片×\d+\]/gu, "").trim();
}
