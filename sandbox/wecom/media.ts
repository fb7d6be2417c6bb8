import { randomUUID } from "node:crypto";
import { type ApiCall, BAD_MEDIA, type FileAnswer, type JsonAnswer, ok, refused } from "./wire.ts";

const KEPT_MS = 3 * 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;
const LEAST_BYTES = 6;
const MOST_VOICE_MS = 60_000;
const MEDIA_TYPES = ["image", "voice", "video", "file"] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];
const MOST_BYTES: Record<MediaType, number> = {
  image: 10 * MIB,
  voice: 2 * MIB,
  video: 10 * MIB,
  file: 20 * MIB,
};
// The codes of what is wrong with a file are from general knowledge (全局错误码), not from a page that was read.
const EMPTY = 41005;
const BAD_TYPE = 40005;
const BAD_FILE = 40004;
const BAD_SIZE = 40006;
const VOICE_TOO_LONG = 45007;

export type Media = { id: string; type: MediaType; bytes: Uint8Array; filename: string; atMs: number };

/** Temporary files, for all apps of the company, kept for three days. */
export function createMedia(now: () => number) {
  const kept = new Map<string, Media>();

  function add(type: MediaType, bytes: Uint8Array, filename: string): Media {
    const media: Media = { id: `media-${randomUUID()}`, type, bytes, filename, atMs: now() };
    kept.set(media.id, media);
    return media;
  }

  /** null when there is none or its three days are over. */
  function find(id: string | null | undefined): Media | null {
    const media = kept.get(id ?? "");
    return media === undefined || media.atMs + KEPT_MS <= now() ? null : media;
  }

  function take(type: string | null, bytes: Uint8Array, filename: string): JsonAnswer {
    if (!isMediaType(type)) return refused(BAD_TYPE, "invalid type");
    const fault = findFileFault(type, bytes);
    if (fault !== null) return fault;
    const media = add(type, bytes, filename);
    return ok({ type, media_id: media.id, created_at: String(Math.floor(media.atMs / 1000)) });
  }

  return {
    add,
    find,
    take,
    async upload({ query, raw, contentType }: ApiCall): Promise<JsonAnswer> {
      const file = await fileIn(raw, contentType);
      if (file === null)
        return refused(EMPTY, "media data missing: a part named media with a filename is needed");
      return take(query.get("type"), file.bytes, file.filename);
    },
    /** What is not there is JSON with HTTP 200, as at 企业微信. */
    get({ query }: Pick<ApiCall, "query">): JsonAnswer | FileAnswer {
      const media = find(query.get("media_id"));
      if (media === null) return refused(BAD_MEDIA, "invalid media_id");
      return { bytes: media.bytes, type: contentTypeOf(media), filename: media.filename };
    },
  };
}
export type MediaStore = ReturnType<typeof createMedia>;

function isMediaType(type: string | null): type is MediaType {
  return MEDIA_TYPES.some((it) => it === type);
}

function findFileFault(type: MediaType, bytes: Uint8Array): JsonAnswer | null {
  if (bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES[type])
    return refused(BAD_SIZE, "invalid file size");
  if (type === "image" && pictureTypeOf(bytes) === null) return refused(BAD_FILE, "image must be JPG or PNG");
  if (type === "voice") {
    const lastsMs = amrMs(bytes);
    if (lastsMs === null) return refused(BAD_FILE, "voice must be AMR");
    if (lastsMs > MOST_VOICE_MS) return refused(VOICE_TOO_LONG, "voice is longer than 60 s");
  }
  return null;
}

const AMR_HEAD = Buffer.from("#!AMR\n");
/** Bytes of a 20 ms frame with its first byte, by the mode in that byte (RFC 4867, narrow band; 8 is silence). */
const AMR_FRAME_BYTES = [13, 14, 16, 18, 20, 21, 27, 32, 6];
const AMR_FRAME_MS = 20;

/** How long an AMR narrow-band file lasts; null when it is none. Frames of another mode count as one byte. */
function amrMs(bytes: Uint8Array): number | null {
  if (!AMR_HEAD.equals(bytes.subarray(0, AMR_HEAD.length))) return null;
  let frames = 0;
  for (let at = AMR_HEAD.length; at < bytes.length; frames += 1)
    at += AMR_FRAME_BYTES[((bytes[at] ?? 0) >> 3) & 15] ?? 1;
  return frames * AMR_FRAME_MS;
}

function pictureTypeOf(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "image/jpeg";
  if (Buffer.from("\x89PNG", "latin1").equals(bytes.subarray(0, 4))) return "image/png";
  return null;
}

function contentTypeOf({ type, bytes }: Media): string {
  if (type === "image") return pictureTypeOf(bytes) ?? "application/octet-stream";
  if (type === "voice") return "audio/amr";
  return "application/octet-stream";
}

async function fileIn(
  raw: Uint8Array,
  contentType: string,
): Promise<{ bytes: Uint8Array; filename: string } | null> {
  try {
    const request = new Response(new Uint8Array(raw), { headers: { "content-type": contentType } });
    const part = (await request.formData()).get("media");
    if (part === null || typeof part === "string") return null;
    return { bytes: new Uint8Array(await part.arrayBuffer()), filename: part.name };
  } catch {
    return null;
  }
}
