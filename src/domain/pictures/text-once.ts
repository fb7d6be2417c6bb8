import type { Ambient } from "../clock.ts";
import { failedEvidence, type TextEvidence } from "../orders/evidence.ts";
import type { PictureStore } from "../orders/ports.ts";
import type { FileStore, TextReader } from "./ports.ts";

/** Reads the text of a picture once and keeps it with the picture. A failed reading is not kept: it may work later. */
export function createTextOnce(deps: {
  pictures: PictureStore;
  files: FileStore;
  textReader: TextReader;
  ambient: Ambient;
}): (pictureId: string) => Promise<TextEvidence> {
  return async (pictureId) => {
    const picture = await deps.pictures.find(pictureId);
    if (picture?.text != null) return picture.text;
    const bytes = await deps.files.get(pictureId);
    if (bytes === null) return failedEvidence({ id: deps.ambient.newId("e"), engine: "none", version: "0" });
    const text = await deps.textReader.read(bytes);
    if (!text.failed) await deps.pictures.setText(pictureId, text);
    return text;
  };
}
