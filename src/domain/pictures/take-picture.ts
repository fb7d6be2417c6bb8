import type { Ambient } from "../clock.ts";
import type { PictureStore } from "../orders/ports.ts";
import { accept, type Result, refuse } from "../result.ts";
import type { Picture, PictureRefusal } from "./picture.ts";
import type { FileStore, PictureFetcher, PictureInspector } from "./ports.ts";

export type PictureDoor = {
  pictures: PictureStore;
  files: FileStore;
  fetcher: PictureFetcher;
  inspector: PictureInspector;
  ambient: Ambient;
};

/**
 * The one door for pictures, from any channel: fetch, inspect, keep the original and a clean copy, measure once.
 * Safe to repeat: the same bytes are the same picture.
 */
export async function takePicture(
  door: PictureDoor,
  source: { url: string } | { file: string } | { bytes: Uint8Array },
): Promise<Result<Picture, PictureRefusal>> {
  const bytes = await bytesOf(door, source);
  return bytes.ok ? await keepPicture(door, bytes.value) : bytes;
}

/** The same door for bytes that are here already, such as a result of our own. */
export async function keepPicture(
  door: Omit<PictureDoor, "fetcher">,
  bytes: Uint8Array,
): Promise<Result<Picture, PictureRefusal>> {
  const id = await door.files.put(bytes);
  const known = await door.pictures.find(id);
  if (known !== null) return accept(known);

  const inspected = await door.inspector.inspect(bytes);
  if (!inspected.ok) return inspected;
  const picture: Picture = {
    id,
    clean_file: await door.files.put(inspected.value.clean),
    facts: inspected.value.facts,
    text: null,
    created_at: door.ambient.now(),
  };
  await door.pictures.add(picture);
  return accept(picture);
}

async function bytesOf(
  door: PictureDoor,
  source: { url: string } | { file: string } | { bytes: Uint8Array },
): Promise<Result<Uint8Array, PictureRefusal>> {
  if ("bytes" in source) return accept(source.bytes);
  if ("url" in source) return await door.fetcher.fetch(source.url);
  const stored = await door.files.get(source.file);
  return stored === null ? refuse("unreadable") : accept(stored);
}
