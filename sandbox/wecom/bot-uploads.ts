import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { MediaStore, MediaType } from "./media.ts";
import { BAD_PARAMETER, countWithin, type JsonAnswer, ok, refused, TOO_OFTEN, withBody } from "./wire.ts";

const MOST_CHUNKS = 100;
const MOST_CHUNK_BYTES = 512 * 1024;
const SESSION_MS = 30 * 60_000;
const MINUTE_MS = 60_000;
const MOST_PER_MINUTE = 30;
const HOUR_MS = 60 * MINUTE_MS;
const MOST_PER_HOUR = 1000;

const initSchema = z.object({
  type: z.enum(["image", "voice", "video", "file"]),
  filename: z.string().min(1),
  total_size: z.int().positive(),
  total_chunks: z.int().min(1).max(MOST_CHUNKS),
  md5: z.string(),
});
const chunkSchema = z.object({
  upload_id: z.string(),
  chunk_index: z.int().min(0),
  base64_data: z.base64(),
});
const finishSchema = z.object({ upload_id: z.string() });

type Upload = {
  botId: string;
  type: MediaType;
  filename: string;
  totalBytes: number;
  totalChunks: number;
  md5: string;
  endsAtMs: number;
  /** By place from 0 on; a chunk may come in any order and again. */
  chunks: Map<number, Buffer>;
};

/**
 * Files that a bot sends over its WebSocket in pieces. Places count from 0, as the official SDK's code has it and not as
 * its comment says. What is wrong with an upload is answered 40058: no codes are published.
 */
export function createBotUploads({ media, now }: { media: MediaStore; now: () => number }) {
  const uploads = new Map<string, Upload>();
  const started = new Map<string, number[]>();

  function find(botId: string, uploadId: string): Upload | null {
    const upload = uploads.get(uploadId);
    return upload === undefined || upload.botId !== botId || upload.endsAtMs <= now() ? null : upload;
  }

  return {
    init: (botId: string, body: unknown): JsonAnswer =>
      withBody(initSchema, body, (read) => {
        const moments = started.get(botId) ?? [];
        started.set(botId, moments);
        const inHour = countWithin(moments, now(), HOUR_MS);
        const inMinute = moments.filter((moment) => moment > now() - MINUTE_MS).length;
        if (inHour >= MOST_PER_HOUR || inMinute >= MOST_PER_MINUTE)
          return refused(TOO_OFTEN, "too many uploads");
        moments.push(now());
        const id = `upload-${randomUUID()}`;
        uploads.set(id, {
          botId,
          type: read.type,
          filename: read.filename,
          totalBytes: read.total_size,
          totalChunks: read.total_chunks,
          md5: read.md5,
          endsAtMs: now() + SESSION_MS,
          chunks: new Map(),
        });
        return ok({ body: { upload_id: id } });
      }),

    chunk: (botId: string, body: unknown): JsonAnswer =>
      withBody(chunkSchema, body, (read) => {
        const upload = find(botId, read.upload_id);
        if (upload === null) return refused(BAD_PARAMETER, "invalid upload_id");
        if (read.chunk_index >= upload.totalChunks) return refused(BAD_PARAMETER, "invalid chunk_index");
        const bytes = Buffer.from(read.base64_data, "base64");
        if (bytes.length === 0 || bytes.length > MOST_CHUNK_BYTES)
          return refused(BAD_PARAMETER, "invalid chunk size");
        upload.chunks.set(read.chunk_index, bytes);
        return ok();
      }),

    finish: (botId: string, body: unknown): JsonAnswer =>
      withBody(finishSchema, body, ({ upload_id }) => {
        const upload = find(botId, upload_id);
        if (upload === null) return refused(BAD_PARAMETER, "invalid upload_id");
        if (upload.chunks.size < upload.totalChunks) return refused(BAD_PARAMETER, "chunks missing");
        const bytes = Buffer.concat(
          [...upload.chunks].toSorted(([one], [other]) => one - other).map(([, it]) => it),
        );
        if (bytes.length !== upload.totalBytes) return refused(BAD_PARAMETER, "total_size does not fit");
        if (createHash("md5").update(bytes).digest("hex") !== upload.md5.toLowerCase())
          return refused(BAD_PARAMETER, "md5 does not fit");
        const { errcode, errmsg, ...taken } = media.take(upload.type, bytes, upload.filename);
        if (errcode !== 0) return { errcode, errmsg };
        uploads.delete(upload_id);
        return ok({ body: { ...taken, created_at: Number(taken.created_at) } });
      }),
  };
}
export type BotUploads = ReturnType<typeof createBotUploads>;
