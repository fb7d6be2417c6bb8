import sharp from "sharp";
import type { Random } from "./random.ts";

export type Size = { width: number; height: number };

export function chooseSize(random: Random): Size {
  return { width: random.integer(480, 1000), height: random.integer(400, 900) };
}

export async function drawSvg({ width, height }: Size, body: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
  return await sharp(Buffer.from(svg))
    .flatten({ background: "#ffffff" })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

export function fill(colour: string): string {
  return `<rect width="100%" height="100%" fill="${colour}"/>`;
}

export function chooseColour(random: Random, { light }: { light?: [number, number] } = {}): string {
  const [low, high] = light ?? [25, 75];
  return `hsl(${random.integer(0, 359)} ${random.integer(25, 85)}% ${random.integer(low, high)}%)`;
}

export function gradient(random: Random, id = "g"): string {
  const stops = [0, 0.5, 1].map((at) => `<stop offset="${at}" stop-color="${chooseColour(random)}"/>`);
  const end = `x2="${random.between(0, 1)}" y2="${random.between(0.3, 1)}"`;
  return `<defs><linearGradient id="${id}" ${end}>${stops.join("")}</linearGradient></defs>`;
}

export function many(count: number, make: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => make(at)).join("");
}

/** Soft blobs under grain: the colours of a photograph that is out of focus. */
export async function drawBlurredPhoto(size: Size, random: Random): Promise<Buffer> {
  const blobs = many(
    random.integer(12, 30),
    () =>
      `<ellipse cx="${random.between(0, size.width)}" cy="${random.between(0, size.height)}" rx="${random.between(30, 220)}" ry="${random.between(30, 160)}" fill="${chooseColour(random)}"/>`,
  );
  const base = await drawSvg(size, `${gradient(random)}${fill("url(#g)")}${blobs}`);
  const grain = await drawGrain(size, random.between(6, 14), random);
  return await sharp(base)
    .blur(random.between(8, 28))
    .composite([{ input: grain, blend: "soft-light" }])
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Flat shapes, as illustrations have them. */
export async function drawIllustration(size: Size, random: Random): Promise<Buffer> {
  const shape = (): string => {
    const [x, y] = [random.between(0, size.width), random.between(0, size.height)];
    const side = random.between(30, 220);
    const colour = chooseColour(random, { light: [40, 85] });
    const kind = random.integer(0, 2);
    if (kind === 0) return `<circle cx="${x}" cy="${y}" r="${side / 2}" fill="${colour}"/>`;
    if (kind === 1)
      return `<rect x="${x}" y="${y}" width="${side}" height="${side * random.between(0.3, 1)}" rx="${random.between(0, 30)}" fill="${colour}"/>`;
    return `<path d="M${x} ${y}q${side} ${-side} ${side * 1.5} ${side / 3}t${-side} ${side}z" fill="${colour}"/>`;
  };
  return await drawSvg(
    size,
    fill(chooseColour(random, { light: [70, 95] })) + many(random.integer(8, 20), shape),
  );
}

/** Grey grain around the middle, by the seed: sharp's own noise differs with every run. */
export async function drawGrain({ width, height }: Size, sigma: number, random: Random): Promise<Buffer> {
  const pixels = new Uint8Array(width * height);
  // The sum of three even ones is near enough to a bell.
  for (let at = 0; at < pixels.length; at += 1)
    pixels[at] = 128 + (random.share() + random.share() + random.share() - 1.5) * 2 * sigma;
  return await sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace("srgb")
    .png({ compressionLevel: 1 })
    .toBuffer();
}
