import type { SpeechToText, TextToSpeech } from "../domain/conversations/media.ts";
import type { Log } from "../domain/log.ts";
import { type Env, OPENAI_URL } from "../env.ts";
import { type AudioPrograms, findAudioPrograms } from "../integrations/voice/audio-programs.ts";
import { createSpeechToText, createTextToSpeech } from "../integrations/voice/speech.ts";

/** Ears and a mouth, each null unless its model is set. What this machine cannot do is said when it is first needed. */
export function openVoice(
  env: Env,
  { log }: { log: Log },
): { hear: SpeechToText | null; speak: TextToSpeech | null } {
  let found: Promise<AudioPrograms> | null = null;
  const programs = () => {
    found ??= findAudioPrograms().then((it) => {
      log.info("voice.programs", { wav: it.toWav !== null, amr: it.toAmr !== null });
      return it;
    });
    return found;
  };
  const endpoint = { baseUrl: env.OPENAI_BASE_URL ?? OPENAI_URL, apiKey: env.OPENAI_API_KEY ?? null };
  const { TRANSCRIPTION_MODEL: ears, SPEECH_MODEL: mouth } = env;
  return {
    hear: ears === undefined ? null : createSpeechToText({ ...endpoint, model: ears }, { programs }),
    speak:
      mouth === undefined
        ? null
        : createTextToSpeech({ ...endpoint, model: mouth, voice: env.SPEECH_VOICE }, { programs }),
  };
}
