import { afterEach, beforeEach, expect, it } from "vitest";
import { aPhoto } from "../../../sandbox/pictures.ts";
import { silentLog } from "../../domain/log.ts";
import type { GalleryItem } from "../../domain/records.ts";
import { aClock, aStore } from "../../testing/test-store.ts";
import { encodeFingerprint, fingerprintPicture } from "./fingerprint.ts";
import { openLiveGallery } from "./live-gallery.ts";

const clock = aClock();
let opened: Awaited<ReturnType<typeof aStore>>;
beforeEach(async () => {
  opened = await aStore(clock);
});
afterEach(() => opened.store.close());

async function anItem(seed: number): Promise<GalleryItem> {
  const fingerprint = encodeFingerprint(await fingerprintPicture(await aPhoto(seed)));
  const item = { id: `g${seed}`, title: `图案${seed}`, tags: [], description: "", file: "f" };
  return { ...item, fingerprint, created_at: 1 };
}
const open = () => openLiveGallery({ records: opened.store.gallery, now: clock.now, log: silentLog });
const best = async (gallery: Awaited<ReturnType<typeof open>>, seed: number) =>
  (await gallery.searchByPicture(await aPhoto(seed), 1))[0]?.item_id;

it("finds what was there before it opened", async () => {
  await opened.store.gallery.put(await anItem(1));

  expect(await best(await open(), 1)).toBe("g1");
});

it("finds what another process put, and no longer what it removed, a second later", async () => {
  const gallery = await open();
  await opened.store.gallery.put(await anItem(1));
  await opened.store.gallery.put(await anItem(2));
  clock.advance(1_000);
  expect(await best(gallery, 2)).toBe("g2");
  expect(gallery.size()).toBe(2);
  await opened.store.gallery.remove("g2");
  clock.advance(1_000);

  expect((await gallery.searchByWords("图案2", 5)).map((match) => match.item_id)).not.toContain("g2");
  expect(gallery.size()).toBe(1);
});

it("reads many changes on, and a changed title anew", async () => {
  const gallery = await open();
  const item = await anItem(1);
  for (let count = 0; count < 600; count += 1)
    await opened.store.gallery.put({ ...item, id: `g${count}`, title: `旧${count}` });
  await opened.store.gallery.put({ ...item, id: "g7", title: "小猫插画" });
  clock.advance(1_000);

  expect((await gallery.searchByWords("小猫", 1))[0]?.item_id).toBe("g7");
  expect(gallery.size()).toBe(600);
});

it("leaves out a picture whose index is of an older version", async () => {
  await opened.store.gallery.put({ ...(await anItem(1)), fingerprint: new Uint8Array([0]) });
  await opened.store.gallery.put(await anItem(2));

  expect((await open()).size()).toBe(1);
});
