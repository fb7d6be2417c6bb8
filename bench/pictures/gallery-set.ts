import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePicture } from "./make-picture.ts";
import { cutPhoto, listPhotos } from "./photos.ts";
import { createRandom } from "./random.ts";
import { makeSeries } from "./series.ts";

/** series: which series the picture belongs to, or null. */
export type SetPicture = { id: string; series: number | null; read: () => Buffer };
export type PictureSet = { pictures: SetPicture[]; photos: number; pieces: number };
/** The two sets share no drawing and no photograph: one is for choosing weights, the other for reporting. */
type Purpose = "tuning" | "test";

const SEEDS: Record<Purpose, number> = { tuning: 1_000_000, test: 2_000_000 };
const SERIES = 25;
const SERIES_MEMBERS = 4;
const MOST_PIECES = 300;
const AT_ONCE = 4;

/** Writes the pictures into the folder: a thousand of them would fill the memory that is measured. */
export async function makePictureSet(purpose: Purpose, count: number, folder: string): Promise<PictureSet> {
  const seed = SEEDS[purpose];
  const pictures: SetPicture[] = [];
  const keep = (bytes: Buffer, series: number | null = null): void => {
    const id = `${purpose}-${pictures.length}`;
    const path = join(folder, `${id}.png`);
    writeFileSync(path, bytes);
    pictures.push({ id, series, read: () => readFileSync(path) });
  };

  for (let series = 0; series < SERIES; series += 1) {
    for (const bytes of await makeSeries(seed + 500_000 + series, SERIES_MEMBERS)) keep(bytes, series);
  }
  const { pieces, photos } = await cutPhotos(purpose);
  for (const bytes of pieces) keep(bytes);
  for (let first = pictures.length; pictures.length < count; first += AT_ONCE) {
    const seeds = Array.from(
      { length: Math.min(AT_ONCE, count - pictures.length) },
      (_, at) => seed + first + at,
    );
    for (const bytes of await Promise.all(seeds.map(makePicture))) keep(bytes);
  }
  return { pictures, photos, pieces: pieces.length };
}

async function cutPhotos(purpose: Purpose): Promise<{ pieces: Buffer[]; photos: number }> {
  const share = listPhotos().filter((_, at) => (at % 2 === 0) === (purpose === "test"));
  const pieces: Buffer[] = [];
  let photos = 0;
  for (const path of createRandom(SEEDS[purpose]).shuffle(share)) {
    if (pieces.length >= MOST_PIECES) break;
    pieces.push(...(await cutPhoto(path)).slice(0, MOST_PIECES - pieces.length));
    photos += 1;
  }
  return { pieces, photos };
}
