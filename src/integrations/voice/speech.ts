import { z } from "zod";
import type { SpeechToText, TextToSpeech } from "../../domain/conversations/media.ts";
import { AppError } from "../../domain/errors.ts";
import { readBounded, safeReason, under } from "../json-answer.ts";
import type { AudioPrograms } from "./audio-programs.ts";

const HEARD_WITHIN_MS = 20_000;
const SAID_WITHIN_MS = 20_000;
const MOST_BYTES = 20 * 1024 * 1024;
/** About 60 s of Chinese, which is what a voice message may last; a longer text is read, not heard. */
const MOST_CHARACTERS = 240;
/** AMR at 12.2 kbit/s: 32 bytes for 20 ms. */
const MOST_AMR_BYTES = 6 + (60_000 / 20) * 32;

const heardSchema = z.object({ text: z.string() });

type Endpoint = { baseUrl: string; apiKey: string | null; model: string; fetch?: typeof globalThis.fetch };

/**
 * `POST /audio/transcriptions` of an OpenAI-compatible endpoint. A recording in a form that few endpoints take goes there
 * as WAV when this machine can make one.
 *
 * The function throws AppError("voice-unavailable" | "audio-failed").
 */
export function createSpeechToText(
  endpoint: Endpoint,
  { programs }: { programs: () => Promise<AudioPrograms> },
): SpeechToText {
  return async (recording, format) => {
    const { toWav } = await programs();
    const isCommon = /^(?:wav|mp3|m4a|mp4|mpeg|mpga|webm|ogg|flac)$/iu.test(format);
    const wav = isCommon || toWav === null ? null : await toWav(recording);
    const name = wav === null ? `voice.${/^\w{1,8}$/u.test(format) ? format : "amr"}` : "voice.wav";
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(wav ?? recording)]), name);
    form.set("model", endpoint.model);
    form.set("response_format", "json");
    const response = await ask(endpoint, "audio/transcriptions", { body: form }, HEARD_WITHIN_MS);
    const heard = heardSchema.safeParse(parse(await readBounded(response, MOST_BYTES)));
    if (!heard.success) throw new AppError("voice-unavailable", "the transcription has no text");
    const text = heard.data.text.trim();
    return text === "" ? null : text;
  };
}

/** `POST /audio/speech`, as AMR. The function throws AppError("voice-unavailable" | "audio-failed"). */
export function createTextToSpeech(
  endpoint: Endpoint & { voice: string },
  { programs }: { programs: () => Promise<AudioPrograms> },
): TextToSpeech {
  return async (text) => {
    if ([...text].length > MOST_CHARACTERS) return null;
    const { toAmr } = await programs();
    if (toAmr === null)
      throw new AppError(
        "voice-unavailable",
        "no program here writes AMR: install ffmpeg with libopencore-amrnb, or gstreamer1.0-tools and gstreamer1.0-plugins-ugly",
      );
    const response = await ask(
      endpoint,
      "audio/speech",
      {
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          model: endpoint.model,
          voice: endpoint.voice,
          input: text,
          response_format: "wav",
        }),
      },
      SAID_WITHIN_MS,
    );
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > MOST_BYTES) throw new AppError("voice-unavailable", "more than may be read");
      chunks.push(chunk);
    }
    const recording = await toAmr(Buffer.concat(chunks));
    return recording.length > MOST_AMR_BYTES ? null : recording;
  };
}

async function ask(
  { baseUrl, apiKey, fetch = globalThis.fetch }: Endpoint,
  path: string,
  { headers, body }: { headers?: Record<string, string>; body: BodyInit },
  withinMs: number,
): Promise<Response> {
  try {
    const response = await fetch(under(baseUrl, path), {
      method: "POST",
      redirect: "error",
      headers: { ...headers, ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }) },
      body,
      signal: AbortSignal.timeout(withinMs),
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new AppError("voice-unavailable", `${path} answered ${response.status}`);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("voice-unavailable", `${path} was not answered: ${safeReason(error)}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
