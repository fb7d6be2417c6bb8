import { z } from "zod";
import type { PictureRefusal } from "../pictures/picture.ts";
import type { Result } from "../result.ts";

/** What a customer sent and their platform keeps: only who speaks to that platform can fetch it. */
export const remoteMediaSchema = z.object({
  channel: z.string(),
  id: z.string().describe("the platform's own id, or an address that means something to the channel only"),
  key: z.string().optional().describe("what the bytes are encrypted with, as the platform wrote it"),
});
export type RemoteMedia = z.infer<typeof remoteMediaSchema>;

/** Fetches it from the platform. Never throws: what cannot be had is refused, "fetch-failed". */
export type MediaSource = { fetch(media: RemoteMedia): Promise<Result<Uint8Array, PictureRefusal>> };

/** Hears what a recording says; null: nothing that could be understood. Throws when nobody could listen. */
export type SpeechToText = (recording: Uint8Array, format: string) => Promise<string | null>;

/** Says a text: AMR narrow band, at most 60 s. Null: too long to be said. Throws when nobody could speak. */
export type TextToSpeech = (text: string) => Promise<Uint8Array | null>;
