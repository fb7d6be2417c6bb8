import type { Log } from "../../domain/log.ts";
import type { GalleryStore } from "../../domain/records.ts";
import { decodeFingerprint } from "./fingerprint.ts";
import { createGallery, type EditableGallery, type GalleryItem } from "./gallery.ts";

const LOOK_AGAIN_MS = 1_000;

/**
 * The shop's gallery as its records are now: what a command imports or removes while the service runs is found by the
 * next search, within a second.
 */
export async function openLiveGallery({
  records,
  now,
  log,
}: {
  records: Pick<GalleryStore, "all" | "lastChange" | "changesSince">;
  now: () => number;
  log: Log;
}): Promise<EditableGallery> {
  let seq = await records.lastChange();
  let lookedAt = now();
  let looking: Promise<void> | null = null;
  const items = (await records.all()).flatMap((item) => toItem(item));
  const gallery = createGallery({ items });

  return {
    ...gallery,
    async searchByPicture(bytes, topK) {
      await catchUp();
      return await gallery.searchByPicture(bytes, topK);
    },
    async searchByWords(words, topK) {
      await catchUp();
      return await gallery.searchByWords(words, topK);
    },
  };

  /** One look at a time; searches that come meanwhile wait for it. */
  async function catchUp(): Promise<void> {
    if (looking === null && now() - lookedAt < LOOK_AGAIN_MS) return;
    looking ??= look().finally(() => {
      looking = null;
    });
    await looking;
  }

  async function look(): Promise<void> {
    lookedAt = now();
    for (;;) {
      const changes = await records.changesSince(seq);
      if (changes.seq === seq) return;
      seq = changes.seq;
      for (const item of changes.put.flatMap(toItem)) gallery.add(item);
      for (const id of changes.gone) gallery.remove(id);
      log.info("gallery.changed", { put: changes.put.length, gone: changes.gone.length });
    }
  }

  /** An index of an older version cannot be searched: the picture is left out until it is indexed anew. */
  function toItem(item: Awaited<ReturnType<GalleryStore["all"]>>[number]): GalleryItem[] {
    try {
      return [{ ...item, fingerprint: decodeFingerprint(item.fingerprint) }];
    } catch {
      log.warn("gallery.old_index", { id: item.id, hint: "npm run gallery -- reindex" });
      return [];
    }
  }
}
