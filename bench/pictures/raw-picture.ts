import sharp from "sharp";
import type { Random } from "./random.ts";
import type { Size } from "./shape.ts";

export type Colour = [red: number, green: number, blue: number];
const GRAIN = 9;

/** Paints at half the size, enlarges, and adds the grain of a camera. */
export async function paintPixels(
  { width, height }: Size,
  random: Random,
  colourAt: (x: number, y: number) => Colour,
): Promise<Buffer> {
  const small = { width: Math.round(width / 2), height: Math.round(height / 2) };
  const pixels = new Uint8ClampedArray(small.width * small.height * 3);
  for (let y = 0; y < small.height; y += 1) {
    for (let x = 0; x < small.width; x += 1) {
      pixels.set(colourAt(x / small.width, y / small.height), 3 * (y * small.width + x));
    }
  }
  const large = await sharp(pixels, { raw: { ...small, channels: 3 } })
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .raw()
    .toBuffer();
  const grained = new Uint8ClampedArray(large.length);
  for (let at = 0; at < large.length; at += 1) grained[at] = (large[at] ?? 0) + (random.next() - 0.5) * GRAIN;
  return await sharp(grained, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

export function mix(one: Colour, other: Colour, share: number): Colour {
  const part = Math.min(1, Math.max(0, share));
  return [
    one[0] + (other[0] - one[0]) * part,
    one[1] + (other[1] - one[1]) * part,
    one[2] + (other[2] - one[2]) * part,
  ];
}

export function pickColour(random: Random, least: number, most: number): Colour {
  return [random.between(least, most), random.between(least, most), random.between(least, most)];
}
