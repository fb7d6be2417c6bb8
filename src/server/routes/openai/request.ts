import { createHash } from "node:crypto";
import { z } from "zod";

const MOST_ID = 256;

const textOrNull = z.string().nullish();
const partSchema = z.looseObject({ type: z.string() });
const messageSchema = z.looseObject({
  role: z.enum(["developer", "system", "user", "assistant", "tool", "function"]),
  content: z.union([z.string(), z.array(partSchema)]).nullish(),
});

/** A request for a completion; what we do not use is not looked at (protocols §5.1). */
export const completionRequestSchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  max_completion_tokens: z.number().int().min(1).nullish(),
  user: textOrNull,
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;
type ChatMessage = CompletionRequest["messages"][number];

/** What a caller's message holds: its words, and pictures as data: or http(s) URLs. */
export type Said = { text: string; pictures: string[] };

const imageSchema = z.object({
  type: z.literal("image_url"),
  image_url: z.union([z.string(), z.object({ url: z.string() })]),
});
const textPartSchema = z.object({ type: z.literal("text"), text: z.string() });

export function readMessage({ content }: ChatMessage): Said {
  if (content == null) return { text: "", pictures: [] };
  if (typeof content === "string") return { text: content, pictures: [] };
  const texts: string[] = [];
  const pictures: string[] = [];
  for (const part of content) {
    const text = textPartSchema.safeParse(part);
    if (text.success) texts.push(text.data.text);
    const image = imageSchema.safeParse(part);
    if (image.success) {
      const { image_url: given } = image.data;
      pictures.push(typeof given === "string" ? given : given.url);
    }
  }
  return { text: texts.join("\n"), pictures };
}

const DATA_URL = /^data:([^,;]*)(?:;[^,;]+)*;base64,/iu;

/** The bytes of a data: URL and what they are said to be; null for another address. */
export function readDataUrl(url: string): { bytes: Uint8Array; type: string } | null {
  const head = DATA_URL.exec(url);
  if (head === null) return null;
  return { bytes: Buffer.from(url.slice(head[0].length), "base64"), type: head[1] || "image/png" };
}

/** A call of the caller's own tools is none: what was asked before it is still open. */
function lastAnswerIn(messages: readonly ChatMessage[]): number {
  return messages.findLastIndex(
    (message) => message.role === "assistant" && readMessage(message).text.trim() !== "",
  );
}

/** What is asked now: the user's messages since the last answer; null when nobody asks anything. */
export function readQuestion({ messages }: CompletionRequest): Said | null {
  const lastAnswer = lastAnswerIn(messages);
  const asked = messages
    .slice(lastAnswer + 1)
    .filter(({ role }) => role === "user")
    .map(readMessage);
  const said = {
    text: asked
      .map(({ text }) => text)
      .filter((text) => text.trim() !== "")
      .join("\n"),
    pictures: asked.flatMap(({ pictures }) => pictures),
  };
  return said.text === "" && said.pictures.length === 0 ? null : said;
}

/** What was said before that. */
export function readHistory({ messages }: CompletionRequest): { role: "user" | "assistant"; text: string }[] {
  const lastAnswer = lastAnswerIn(messages);
  return messages.slice(0, lastAnswer + 1).flatMap((message) => {
    const { text } = readMessage(message);
    if (text.trim() === "" || (message.role !== "user" && message.role !== "assistant")) return [];
    return [{ role: message.role, text }];
  });
}

/**
 * Which conversation of the caller's this is (spec helpdesk §3): the header, else metadata.conversation_id, else the
 * user's own; null: a call that stands alone.
 */
export function readConversationId(request: CompletionRequest, header: string | undefined): string | null {
  const named = [header, request.metadata?.conversation_id]
    .map((value) => (typeof value === "string" || typeof value === "number" ? String(value).trim() : ""))
    .find((value) => value !== "");
  if (named !== undefined) return idOf("c", named);
  const user = request.user?.trim() ?? "";
  return user === "" ? null : idOf("u", user);
}

/** Nothing that a key cannot be (domain/keys.ts); two texts never become one id. */
export function idOf(kind: string, text: string): string {
  const kept = [...text.toWellFormed().replace(/\p{Cc}/gu, "")].slice(0, MOST_ID).join("");
  const mark = kept === text ? "" : `#${createHash("sha256").update(JSON.stringify(text)).digest("hex")}`;
  return `${kind}:${kept}${mark}`;
}
