import sharp from "sharp";
import type { Fonts } from "./fonts.ts";
import { cropPhotograph } from "./photographs.ts";
import { chooseChinesePhrase, choosePhrase, countWritten, type Phrase } from "./phrases.ts";
import type { Random } from "./random.ts";
import { chooseColour, chooseSize, drawBlurredPhoto, drawIllustration, drawSvg, fill } from "./shapes.ts";

export type Background = "white" | "colour" | "photo" | "illustration";
export type Lettered = { bytes: Buffer; characters: number; texts: string[]; sizePx: number };

type Plan = {
  background: Background;
  isVertical: boolean;
  fonts: Fonts;
  /** Photographs to write on; none means blurred ones of our own. */
  photographs: readonly string[];
};
type Line = { text: string; image: Buffer; left: number; top: number; width: number; height: number };

type Layer = { input: Buffer; left: number; top: number };
type Colour = [number, number, number];

const MIN_CONTRAST = 4.5;
const MARGIN = 24;

/** A picture with one to four lines on it, and how many characters they have. */
export async function drawLettered(random: Random, plan: Plan): Promise<Lettered> {
  const base = await drawBackground(random, plan);
  const { width, height } = await sharp(base).metadata();
  const sizePx = random.integer(14, 60);
  const lines = plan.isVertical
    ? await setColumns(random, plan.fonts, { sizePx, width, height })
    : await setLines(random, plan.fonts, { sizePx, width, height });
  const layers: Layer[] = [];
  // One after the other: they draw from the same seed.
  for (const line of lines) layers.push(...(await colourLine(base, line, random)));
  const drawn = sharp(base).composite(layers);
  const bytes =
    random.share() < 0.5
      ? await drawn.jpeg({ quality: random.integer(70, 92) }).toBuffer()
      : await drawn.png({ compressionLevel: 1 }).toBuffer();
  const texts = lines.map((line) => line.text);
  return { bytes, characters: countWritten(texts.join("")), texts, sizePx };
}

async function drawBackground(random: Random, { background, photographs }: Plan): Promise<Buffer> {
  const size = chooseSize(random);
  switch (background) {
    case "white":
      return await drawSvg(size, fill("#ffffff"));
    case "colour":
      return await drawSvg(size, fill(chooseColour(random, { light: [10, 92] })));
    case "illustration":
      return await drawIllustration(size, random);
    case "photo":
      return photographs.length > 0 && random.share() < 0.5
        ? await cropPhotograph(random.pick(photographs), random)
        : await drawBlurredPhoto(size, random);
  }
}

type Space = { sizePx: number; width: number; height: number };

async function setLines(random: Random, fonts: Fonts, { sizePx, width, height }: Space): Promise<Line[]> {
  const lines: Line[] = [];
  const wanted = random.integer(1, 4);
  let top = random.integer(MARGIN, Math.max(MARGIN, Math.floor(height / 3)));
  for (let tries = 0; lines.length < wanted && tries < 20; tries += 1) {
    const phrase = choosePhrase(random);
    const image = await writeText(phrase.text, fonts.choose(random, phrase.script), sizePx);
    if (image.width > width - 2 * MARGIN) continue;
    if (top + image.height > height - MARGIN) break;
    const left = random.integer(MARGIN, width - MARGIN - image.width);
    lines.push({ ...image, text: phrase.text, left, top });
    top += image.height + Math.round(sizePx * random.between(0.5, 1.5));
  }
  return lines;
}

async function setColumns(random: Random, fonts: Fonts, { sizePx, width, height }: Space): Promise<Line[]> {
  const lines: Line[] = [];
  const wanted = random.integer(1, 2);
  let left = random.integer(MARGIN, Math.floor(width / 2));
  for (let tries = 0; lines.length < wanted && tries < 20; tries += 1) {
    const phrase: Phrase = chooseChinesePhrase(random);
    const image = await writeText([...phrase.text].join("\n"), fonts.choose(random, "chinese"), sizePx);
    if (image.height > height - 2 * MARGIN || left + image.width > width - MARGIN) continue;
    const top = random.integer(MARGIN, height - MARGIN - image.height);
    lines.push({ ...image, text: phrase.text, left, top });
    left += image.width + Math.round(sizePx * random.between(1, 3));
  }
  return lines;
}

/** Black letters on nothing. */
async function writeText(text: string, font: string, sizePx: number) {
  const { data, info } = await sharp({
    text: {
      text: text.replaceAll("&", "&amp;"),
      font: `${font} ${sizePx}`,
      dpi: 72,
      rgba: true,
      align: "centre",
    },
  })
    .png()
    .toBuffer({ resolveWithObject: true });
  return { image: data, width: info.width, height: info.height };
}

/** Letters that a person can read where they stand; where no ink would do, they stand on a band. */
async function colourLine(base: Buffer, line: Line, random: Random): Promise<Layer[]> {
  const { left, top, width, height } = line;
  const { channels } = await sharp(base).extract({ left, top, width, height }).removeAlpha().stats();
  const behind = [-1, 1].map((sign) => channels.map(({ mean, stdev }) => clamp(mean + sign * stdev)));
  const ink = chooseInk(behind, random);
  if (ink !== null) return [{ input: await tint(line.image, ink), left, top }];
  const isDark = random.share() < 0.5;
  const onBand = isDark ? 30 : 240;
  return [
    { input: await drawBand(width + 16, height + 12, isDark), left: left - 8, top: top - 6 },
    {
      input: await tint(line.image, chooseInk([[onBand, onBand, onBand]], random) ?? [0, 0, 0]),
      left,
      top,
    },
  ];
}

async function drawBand(width: number, height: number, isDark: boolean): Promise<Buffer> {
  const colour = isDark ? "#141414" : "#fafafa";
  return await sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" rx="6" fill="${colour}" fill-opacity="0.85"/></svg>`,
    ),
  )
    .png()
    .toBuffer();
}

async function tint(letters: Buffer, [r, g, b]: Colour): Promise<Buffer> {
  const alpha = await sharp(letters).extractChannel("alpha").toBuffer();
  const { width, height } = await sharp(letters).metadata();
  return await sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .joinChannel(alpha)
    .png()
    .toBuffer();
}

/** A colour that stands out from all of those behind it, or null. */
function chooseInk(behind: readonly (readonly number[])[], random: Random): Colour | null {
  const stepsOut = (ink: Colour): boolean => behind.every((colour) => contrast(ink, colour) >= MIN_CONTRAST);
  for (let tries = 0; tries < 12; tries += 1) {
    const ink: Colour = [random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)];
    if (stepsOut(ink)) return ink;
  }
  const plain: Colour[] = [
    [0, 0, 0],
    [255, 255, 255],
  ];
  return plain.find(stepsOut) ?? null;
}

function clamp(value: number): number {
  return Math.min(255, Math.max(0, value));
}

/** WCAG's ratio, 1 to 21. */
function contrast(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
