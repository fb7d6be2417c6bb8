import type { Ambient } from "../domain/clock.ts";
import type { MediaSource, SpeechToText } from "../domain/conversations/media.ts";
import type { Message, Part } from "../domain/conversations/message.ts";
import type { MessageStore } from "../domain/conversations/ports.ts";
import { errorText } from "../domain/errors.ts";
import { createLimit } from "../domain/limit.ts";
import type { Log } from "../domain/log.ts";
import type { PictureStore } from "../domain/orders/ports.ts";
import type { PictureRefusal } from "../domain/pictures/picture.ts";
import type { FileStore, PictureFetcher, PictureInspector } from "../domain/pictures/ports.ts";
import { keepPicture, takePicture } from "../domain/pictures/take-picture.ts";
import { type Result, refuse } from "../domain/result.ts";

/** A picture holds up to 20 MB while it is on its way. */
const MOST_AT_ONCE = 32;
const PATIENCE_MS = 1_500;

type Picture = Extract<Part, { type: "image" }>;
type Voice = Extract<Part, { type: "voice" }>;

export type PartIntake = {
  /** The messages with their pictures and voices taken in, or null while some are still on their way: ask again. */
  takeIn(messages: Message[]): Promise<Message[] | null>;
};

/**
 * Brings every picture of a turn through the one door and hears every voice, once; the outcome stays on the message. What
 * is slow goes on arriving while the turn lets others work.
 *
 * @param media - by channel, where what its platform keeps is fetched
 * @param hear - null: no model listens, and only what the platform has heard itself is understood
 */
export function createPartIntake(deps: {
  messages: MessageStore;
  pictures: PictureStore;
  files: FileStore;
  fetcher: PictureFetcher;
  inspector: PictureInspector;
  ambient: Ambient;
  log: Log;
  media?: ReadonlyMap<string, MediaSource>;
  hear?: SpeechToText | null;
  patienceMs?: number;
}): PartIntake {
  const { media = new Map<string, MediaSource>(), hear = null, log } = deps;
  const limited = createLimit(MOST_AT_ONCE);
  const underway = new Map<string, Promise<Message>>();
  const patienceMs = deps.patienceMs ?? PATIENCE_MS;

  return {
    async takeIn(messages) {
      if (!messages.some((message) => message.parts.some(waits))) return messages;
      const taken = Promise.all(
        messages.map((message) => (message.parts.some(waits) ? take(message) : message)),
      );
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise<null>((resolve) => {
        timer = setTimeout(() => resolve(null), patienceMs);
      });
      try {
        return await Promise.race([taken, tooLong]);
      } finally {
        clearTimeout(timer);
      }
    },
  };

  function take(message: Message): Promise<Message> {
    const known = underway.get(message.id);
    if (known !== undefined) return known;
    const taking = (async () => {
      try {
        const parts = await Promise.all(
          message.parts.map((part) => (waits(part) ? limited(() => through(part)) : part)),
        );
        await deps.messages.setParts(message.id, parts);
        return { ...message, parts };
      } finally {
        underway.delete(message.id);
      }
    })();
    // When nobody waits for it any more, the next turn meets the same fault.
    taking.catch(() => {});
    underway.set(message.id, taking);
    return taking;
  }

  async function through(part: Picture | Voice): Promise<Part> {
    if (part.type === "voice") return await heard(part);
    const taken = await picture(part);
    return taken.ok ? { ...part, picture_id: taken.value.id } : { ...part, refused: taken.refusal };
  }

  async function picture(part: Picture) {
    if (part.file !== undefined) return await takePicture(deps, { file: part.file });
    if (part.media !== undefined) {
      const fetched = await fetchMedia(part);
      if (fetched.ok) return await keepPicture(deps, fetched.value);
      if (part.url === undefined) return fetched;
    }
    return await takePicture(deps, { url: part.url ?? "" });
  }

  async function heard(part: Voice): Promise<Part> {
    if (hear === null) return { ...part, refused: "not-heard" };
    const recording =
      part.media === undefined ? await deps.fetcher.fetch(part.url ?? "") : await fetchMedia(part);
    if (!recording.ok) return { ...part, refused: "not-heard" };
    try {
      const text = await hear(recording.value, part.format ?? "amr");
      return text === null ? { ...part, refused: "not-heard" } : { ...part, text };
    } catch (error) {
      log.warn("voice.not_heard", { error: errorText(error) });
      return { ...part, refused: "not-heard" };
    }
  }

  async function fetchMedia({ media: it }: Picture | Voice): Promise<Result<Uint8Array, PictureRefusal>> {
    const source = it === undefined ? undefined : media.get(it.channel);
    return it === undefined || source === undefined ? refuse("fetch-failed") : await source.fetch(it);
  }
}

function waits(part: Part): part is Picture | Voice {
  if (part.type === "voice") return part.text === undefined && part.refused === undefined;
  return part.type === "image" && part.picture_id === undefined && part.refused === undefined;
}
