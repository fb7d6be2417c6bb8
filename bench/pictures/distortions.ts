import sharp, { type Sharp } from "sharp";
import type { Random } from "./random.ts";
import { svg } from "./shape.ts";

type Distort = (bytes: Buffer, random: Random) => Promise<Buffer>;

const QUALITY = 85;

/** What happens to a picture before a buyer sends it. Sizes of crops are shares of each side. */
export const DISTORTIONS: Record<string, Distort> = {
  "resize 0.35": async (bytes) => {
    const { width } = await sharp(bytes).metadata();
    return await jpeg(sharp(bytes).resize(Math.round(width * 0.35)));
  },
  "JPEG 15": (bytes) => sharp(bytes).jpeg({ quality: 15 }).toBuffer(),
  recolour: (bytes, random) =>
    jpeg(sharp(bytes).modulate({ hue: random.whole(30, 330), saturation: random.between(0.6, 1.5) })),
  grey: (bytes) => jpeg(sharp(bytes).greyscale()),
  watermark: async (bytes, random) => {
    const { width, height } = await sharp(bytes).metadata();
    return await jpeg(sharp(bytes).composite([{ input: drawWatermark(width, height, random) }]));
  },
  border: async (bytes, random) => {
    const { width } = await sharp(bytes).metadata();
    const wide = Math.round(width * random.between(0.05, 0.12));
    const background = random.pick(["#ffffff", "#000000", "#d9c7a0"]);
    return await jpeg(sharp(bytes).extend({ top: wide, bottom: wide, left: wide, right: wide, background }));
  },
  flip: (bytes) => jpeg(sharp(bytes).flop()),
  "rotate 6°": (bytes, random) => jpeg(sharp(bytes).rotate(random.pick([-6, 6]), { background: "#ffffff" })),
  "crop 15 %": (bytes, random) => crop(bytes, 0.85, random),
  "crop 35 %": (bytes, random) => crop(bytes, 0.65, random),
};

async function crop(bytes: Buffer, share: number, random: Random): Promise<Buffer> {
  const whole = await sharp(bytes).metadata();
  const [width, height] = [Math.round(whole.width * share), Math.round(whole.height * share)];
  const left = random.whole(0, whole.width - width);
  const top = random.whole(0, whole.height - height);
  return await jpeg(sharp(bytes).extract({ left, top, width, height }));
}

/** Strokes like letters, slanted, all over the picture: fonts differ from machine to machine. */
function drawWatermark(width: number, height: number, random: Random): Buffer {
  const step = width / random.between(2.5, 4);
  const size = step * 0.2;
  const marks: string[] = [];
  for (let y = -height; y < 2 * height; y += step * 0.6) {
    for (let x = -width; x < 2 * width; x += step) {
      const letters = `M0,0h${size}m${-size / 2},0v${size}m${size},${-size}l${size / 4},${size}l${size / 4},${-size}l${size / 4},${size}l${size / 4},${-size}`;
      marks.push(`<path transform="translate(${Math.round(x)} ${Math.round(y)})" d="${letters}"/>`);
    }
  }
  const stroke = `fill="none" stroke="#fff" stroke-opacity="0.45" stroke-width="${size / 6}"`;
  return svg(
    { width, height },
    `<g ${stroke} transform="rotate(-30 ${width / 2} ${height / 2})">${marks.join("")}</g>`,
  );
}

async function jpeg(picture: Sharp): Promise<Buffer> {
  return await picture.jpeg({ quality: QUALITY }).toBuffer();
}
