import type { TextToSpeech } from "../../domain/conversations/media.ts";
import type { Part } from "../../domain/conversations/message.ts";
import type { SendOutcome } from "../../domain/conversations/sender.ts";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import type { FileStore } from "../../domain/pictures/ports.ts";
import { WecomRefusal, WecomTooLate, WecomUnanswered } from "./api.ts";
import { actionFor } from "./error-codes.ts";
import { splitBytes } from "./split-bytes.ts";

const MIB = 1024 * 1024;
const MOST_IMAGE_BYTES = 10 * MIB;
/** 企业微信 keeps what was uploaded for three days; ours are used again for less. */
const KEPT_MS = 60 * 60 * 60_000;
const MOST_KEPT = 2_000;

/** One bubble of 企业微信. */
export type Piece =
  | { type: "text"; text: string }
  | { type: "image" | "voice" | "file"; mediaId: string; name: string };

export type Uploads = (type: "image" | "voice" | "file", bytes: Uint8Array, name: string) => Promise<string>;

/**
 * What a reply shows as bubbles: texts in pieces that fit, pictures uploaded (once for all who get the same one), and a
 * text that answers a voice said aloud too, when somebody can speak.
 *
 * @param textBytes - most bytes of UTF-8 in one text
 */
export function createPieces({
  upload,
  files,
  textBytes,
  speak,
  now,
  log,
}: {
  upload: Uploads;
  files: FileStore;
  textBytes: number;
  speak: TextToSpeech | null;
  now: () => number;
  log: Log;
}) {
  const uploaded = new Map<string, { mediaId: string; at: number }>();

  /** What came of the send when a picture could not be uploaded: nothing was written. Throws what the file store throws. */
  return async function toPieces(parts: readonly Part[]): Promise<Piece[] | SendOutcome> {
    try {
      return await piecesOf(parts);
    } catch (error) {
      // An upload that takes too long is tried a few times only: others wait behind it.
      if (error instanceof WecomUnanswered && error.isWritten)
        return { status: "refused", code: "wecom-upload", retry: true };
      return outcomeOf(error, now());
    }
  };

  async function piecesOf(parts: readonly Part[]): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for (const part of parts) {
      if (part.type === "text") {
        for (const text of splitBytes(part.text, textBytes)) pieces.push({ type: "text", text });
        if (part.spoken === true) pieces.push(...(await voiceOf(part.text)));
      } else if (part.type === "image") pieces.push(await pictureOf(part));
    }
    return pieces;
  }

  async function pictureOf(part: Extract<Part, { type: "image" }>): Promise<Piece> {
    const bytes = part.file === undefined ? null : await files.get(part.file);
    if (part.file === undefined || bytes === null) return { type: "text", text: part.url ?? "" };
    const known = uploaded.get(part.file);
    const kind = kindOf(bytes);
    const name = `${part.name ?? "图片"}.${kind.extension}`.replace(/(\.\w+)\1$/u, "$1");
    if (known !== undefined && known.at + KEPT_MS > now())
      return { type: kind.type, mediaId: known.mediaId, name };
    const mediaId = await upload(kind.type, bytes, name);
    if (uploaded.size >= MOST_KEPT) uploaded.clear();
    uploaded.set(part.file, { mediaId, at: now() });
    return { type: kind.type, mediaId, name };
  }

  /** The text has been said already: what keeps a voice from it is only told to us. */
  async function voiceOf(text: string): Promise<Piece[]> {
    try {
      const recording = await speak?.(text);
      if (recording == null) return [];
      const name = "回复.amr";
      return [{ type: "voice", mediaId: await upload("voice", recording, name), name }];
    } catch (error) {
      log.warn("voice.not_said", { error: errorText(error) });
      return [];
    }
  }
}

const TOO_OFTEN_MS = 60_000;

/** What a throw of the API means for what was to be sent. Throws on what is not the API's. */
export function outcomeOf(error: unknown, now: number): SendOutcome {
  if (error instanceof WecomTooLate) return { status: "too-late" };
  if (error instanceof WecomUnanswered) return { status: error.isWritten ? "unanswered" : "not-connected" };
  if (!(error instanceof WecomRefusal)) throw error;
  const action = actionFor(error.errcode);
  // An administrator has to change something: until then it waits.
  if (action === "later" || action === "settings") return { status: "busy", retryAt: now + TOO_OFTEN_MS };
  return { status: "refused", code: `wecom-${error.errcode}`, retry: action !== "drop" };
}

/** 企业微信 shows JPEG and PNG; any other picture, or a large one, comes as a file and keeps its quality. */
function kindOf(bytes: Uint8Array): { type: "image" | "file"; extension: string } {
  const extension = extensionOf(bytes);
  const isShown = (extension === "png" || extension === "jpg") && bytes.length <= MOST_IMAGE_BYTES;
  return { type: isShown ? "image" : "file", extension };
}

function extensionOf(bytes: Uint8Array): string {
  if (bytes[0] === 0x89) return "png";
  if (bytes[0] === 0xff) return "jpg";
  if (bytes[0] === 0x52) return "webp";
  return bytes[0] === 0x47 ? "gif" : "tiff";
}
