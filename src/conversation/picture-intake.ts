import type { Ambient } from "../domain/clock.ts";
import type { Message, Part } from "../domain/conversations/message.ts";
import type { MessageStore } from "../domain/conversations/ports.ts";
import type { PictureStore } from "../domain/orders/ports.ts";
import type { FileStore, PictureFetcher, PictureInspector } from "../domain/pictures/ports.ts";
import { takePicture } from "../domain/pictures/take-picture.ts";

export type PictureIntake = { takeIn(messages: Message[]): Promise<Message[]> };

/** Brings every picture of a turn through the one door, once; the outcome stays on the message. */
export function createPictureIntake(deps: {
  messages: MessageStore;
  pictures: PictureStore;
  files: FileStore;
  fetcher: PictureFetcher;
  inspector: PictureInspector;
  ambient: Ambient;
}): PictureIntake {
  return {
    async takeIn(messages) {
      const taken: Message[] = [];
      for (const message of messages) {
        if (!message.parts.some(waits)) {
          taken.push(message);
          continue;
        }
        const parts = await Promise.all(
          message.parts.map(async (part) => (waits(part) ? await through(part) : part)),
        );
        await deps.messages.setParts(message.id, parts);
        taken.push({ ...message, parts });
      }
      return taken;
    },
  };

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
