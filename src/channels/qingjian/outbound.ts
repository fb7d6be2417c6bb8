import { type Part, splitText } from "../../domain/conversations/message.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import type { OutboundContent } from "./frames.ts";

/** What a reply shows in the platform's form: text in pieces that fit, pictures with their bytes. */
export async function toContents(
  parts: readonly Part[],
  files: FileStore,
  splitChars: number,
): Promise<OutboundContent[]> {
  const contents: OutboundContent[] = [];
  for (const part of parts) {
    if (part.type === "text")
      for (const text of splitText(part.text, splitChars)) contents.push({ type: "text", text });
    else if (part.type === "image") contents.push(await imageContent(part, files));
  }
  return contents;
}

async function imageContent(
  part: Extract<Part, { type: "image" }>,
  files: FileStore,
): Promise<OutboundContent> {
  const name = part.name === undefined ? {} : { name: part.name };
  const bytes = part.file === undefined ? null : await files.get(part.file);
  if (bytes === null) return { type: "image", url: part.url ?? "", ...name };
  return {
    type: "image",
    data_url: `data:${mimeOf(bytes)};base64,${Buffer.from(bytes).toString("base64")}`,
    ...name,
  };
}

function mimeOf(bytes: Uint8Array): string {
  if (bytes[0] === 0x89) return "image/png";
  if (bytes[0] === 0xff) return "image/jpeg";
  if (bytes[0] === 0x52) return "image/webp";
  if (bytes[0] === 0x47) return "image/gif";
  return "image/tiff";
}
