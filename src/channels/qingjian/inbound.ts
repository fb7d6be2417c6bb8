import { createHash } from "node:crypto";
import type { InboundMessage } from "../../domain/conversations/conversation.ts";
import type { Part } from "../../domain/conversations/message.ts";
import { joinKey } from "../../domain/keys.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import type { FrameContent, MessageFrame } from "./frames.ts";

export const CHANNEL = "qingjian";
/** Platforms without message ids repeat a message within this slot; the same words later are said again. */
const DEDUPE_SLOT_MS = 2_000;

/**
 * Translates a checked frame to our form. Picture bytes in the frame are put into the file store first, so that
 * what we store and acknowledge is whole.
 */
export async function toInboundMessage(
  frame: MessageFrame,
  files: FileStore,
  now: number,
): Promise<InboundMessage> {
  const { message } = frame;
  const contents = message.type === "mixed" ? message.parts : [message];
  const parts: Part[] = [];
  for (const content of contents) parts.push(await toPart(content, files));
  // A clock of theirs that runs ahead must not put words into our future.
  const at = Math.min(frame.ts ?? now, now);
  return {
    channel: CHANNEL,
    platform: frame.platform,
    shop: { id: frame.shop.id, name: frame.shop.name ?? null },
    externalConversationId: frame.conversation.id,
    customer: {
      // A colleague or the platform speaks in the buyer's conversation; the customer stays who they are.
      id: frame.from.role === "buyer" ? frame.from.id : frame.conversation.id,
      name: frame.from.role === "buyer" ? (frame.from.name ?? null) : null,
    },
    author: frame.from.role === "agent" ? "person" : frame.from.role === "buyer" ? "buyer" : "system",
    platformMessageId: message.id ?? null,
    dedupeKey: joinKey([CHANNEL, frame.platform, frame.shop.id, message.id ?? contentHash(frame, at)]),
    parts,
    at,
    context: frame.context === undefined ? null : frame.context,
  };
}

function contentHash(frame: MessageFrame, at: number): string {
  const slot = Math.floor(at / DEDUPE_SLOT_MS);
  return createHash("sha256")
    .update(JSON.stringify([frame.conversation.id, frame.from.role, frame.message, slot]))
    .digest("hex")
    .slice(0, 40);
}

async function toPart(content: FrameContent, files: FileStore): Promise<Part> {
  switch (content.type) {
    case "image": {
      const bytes = content.data_url === undefined ? null : decodeDataUrl(content.data_url);
      if (bytes !== null) return { type: "image", file: await files.put(bytes) };
      if (content.url !== undefined && !content.url.startsWith("data:"))
        return { type: "image", url: content.url };
      const inUrl = content.url === undefined ? null : decodeDataUrl(content.url);
      return inUrl === null
        ? { type: "image", refused: "unreadable" }
        : { type: "image", file: await files.put(inUrl) };
    }
    case "goods_card":
    case "order_card": {
      const { type, ...data } = content;
      return { type: "card", card: type === "goods_card" ? "goods" : "order", data };
    }
    default:
      return content as Part;
  }
}

/** The bytes of a base64 data URL, or null when it is not one. */
export function decodeDataUrl(url: string): Uint8Array | null {
  const found = /^data:[\w.+/-]*(?:;[\w=.-]+)*;base64,/u.exec(url.slice(0, 200));
  if (found === null) return null;
  const bytes = Buffer.from(url.slice(found[0].length), "base64");
  return bytes.length === 0 ? null : bytes;
}
