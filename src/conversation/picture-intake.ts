import type { Ambient } from "../domain/clock.ts";
import type { Message, Part } from "../domain/conversations/message.ts";
import type { MessageStore } from "../domain/conversations/ports.ts";
import { createLimit } from "../domain/limit.ts";
import type { PictureStore } from "../domain/orders/ports.ts";
import type { FileStore, PictureFetcher, PictureInspector } from "../domain/pictures/ports.ts";
import { takePicture } from "../domain/pictures/take-picture.ts";

/** A picture holds up to 20 MB while it is on its way. */
const MOST_AT_ONCE = 32;
const PATIENCE_MS = 1_500;

export type PictureIntake = {
  /** The messages with their pictures taken in, or null while some are still on their way: ask again. */
  takeIn(messages: Message[]): Promise<Message[] | null>;
};

/**
 * Brings every picture of a turn through the one door, once; the outcome stays on the message. A slow server's
 * picture goes on arriving while the turn lets others work.
 */
export function createPictureIntake(deps: {
  messages: MessageStore;
  pictures: PictureStore;
  files: FileStore;
  fetcher: PictureFetcher;
  inspector: PictureInspector;
  ambient: Ambient;
  patienceMs?: number;
}): PictureIntake {
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

  async function through(part: Extract<Part, { type: "image" }>): Promise<Part> {
    const taken = await takePicture(
      deps,
      part.file === undefined ? { url: part.url ?? "" } : { file: part.file },
    );
    return taken.ok ? { ...part, picture_id: taken.value.id } : { ...part, refused: taken.refusal };
  }
}

function waits(part: Part): part is Extract<Part, { type: "image" }> {
  return part.type === "image" && part.picture_id === undefined && part.refused === undefined;
}
