import { existsSync, globSync } from "node:fs";
import { basename } from "node:path";
import sharp from "sharp";

const FOLDERS = ["/usr/share/backgrounds", "/usr/share/wallpapers"];
const TILES_ACROSS = 3;
const TILE = { width: 600, height: 450 };
/** A piece of empty sky is no picture a shop would keep, and no method could tell two of them apart. */
const MIN_DEVIATION = 14;

/** Large pictures that the desktop brought along; empty on a machine without. */
export function listPhotos(): string[] {
  const found = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    globSync(`${folder}/**/*.{jpg,jpeg,png,webp}`).filter((path) => !path.includes("screenshot")),
  );
  // By night, in another size, in another colour: of such variants the first is enough.
  const byTitle = new Map<string, string>();
  for (const path of found.sort()) {
    const title = titleOf(path);
    if (!byTitle.has(title)) byTitle.set(title, path);
  }
  return [...byTitle.values()];
}

/** A wallpaper's folder, or the first word of the name. */
function titleOf(path: string): string {
  return basename(path.split("/contents/")[0] ?? path).split(/[-_.]/u)[0] ?? path;
}

/** Nine pieces of a photograph that do not overlap, without the empty ones. */
export async function cutPhoto(path: string): Promise<Buffer[]> {
  const whole = { width: TILE.width * TILES_ACROSS, height: TILE.height * TILES_ACROSS };
  const pixels = await sharp(path)
    .flatten()
    .resize(whole.width, whole.height, { fit: "cover" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const tiles: Buffer[] = [];
  for (let at = 0; at < TILES_ACROSS ** 2; at += 1) {
    const left = (at % TILES_ACROSS) * TILE.width;
    const top = Math.floor(at / TILES_ACROSS) * TILE.height;
    const tile = await sharp(pixels.data, { raw: pixels.info })
      .extract({ left, top, ...TILE })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const { channels } = await sharp(tile).greyscale().stats();
    if ((channels[0]?.stdev ?? 0) >= MIN_DEVIATION) tiles.push(tile);
  }
  return tiles;
}
