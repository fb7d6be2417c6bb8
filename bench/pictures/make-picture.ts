import sharp from "sharp";
import { drawIllustration } from "./illustration.ts";
import { paintLandscape } from "./landscape.ts";
import { drawPattern } from "./pattern.ts";
import { drawPoster } from "./poster.ts";
import { drawProduct } from "./product.ts";
import { createRandom, type Random } from "./random.ts";
import { type Size, svg } from "./shape.ts";
import { paintTexture } from "./texture.ts";

const SIZES: [Size, ...Size[]] = [
  { width: 640, height: 480 },
  { width: 480, height: 640 },
  { width: 560, height: 560 },
  { width: 704, height: 396 },
];

const drawn = (draw: (random: Random, size: Size) => string) => async (random: Random, size: Size) =>
  await sharp(svg(size, draw(random, size)))
    .flatten()
    .png({ compressionLevel: 1 })
    .toBuffer();

const STYLES = [
  drawn(drawIllustration),
  drawn(drawPattern),
  drawn(drawProduct),
  drawn(drawPoster),
  paintTexture,
  paintLandscape,
] as const;

/** A picture of the style that the seed says, as PNG. */
export async function makePicture(seed: number): Promise<Buffer> {
  const random = createRandom(seed);
  const style = STYLES[seed % STYLES.length] ?? paintLandscape;
  return await style(random, random.pick(SIZES));
}
