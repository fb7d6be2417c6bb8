import sharp, { type Sharp } from "sharp";
import { AppError } from "../../domain/errors.ts";
import type { Operation } from "../../domain/pictures/plan.ts";
import { cutOutBackground } from "./cutout.ts";
import type { Deadline } from "./deadline.ts";
import { centredRegion, resizedSize, type Size, scaledSize } from "./picture-geometry.ts";
import { findFlatBorder, type RgbaPixels, toHex } from "./pixel-facts.ts";

const MAX_RESULT_PIXELS = 100_000_000;
const TRIM_THRESHOLD = 12;
/** Rec. 601; sharp's own greyscale would drop to one channel. */
const LUMA: [number, number, number] = [0.299, 0.587, 0.114];

/** Operations on pixels; what says how the file is written (format, dpi) is the encoder's. */
export type PixelOperation = Exclude<Operation, { op: "format" | "dpi" }>;

/**
 * One operation: pixels in, new pixels out; the given ones stay as they are.
 *
 * @throws AppError("operation-failed") when the picture does not allow it
 */
export async function applyOperation(
  pixels: RgbaPixels,
  operation: PixelOperation,
  deadline: Deadline,
): Promise<RgbaPixels> {
  const image = asSharp(pixels, deadline);
  switch (operation.op) {
    case "crop":
      return await read(image.extract(regionInside(pixels, operation)));
    case "crop_ratio":
      return await read(image.extract(centredRegion(pixels, operation.ratio_w, operation.ratio_h)));
    case "resize":
      return await scaleTo(
        image,
        resizedSize(pixels, operation),
        operation.fit === "cover" ? "cover" : "fill",
      );
    case "enlarge":
      return await scaleTo(image, scaledSize(pixels, operation.factor), "fill");
    case "rotate":
      return await read(image.rotate(operation.degrees, { background: cornerColour(pixels) }));
    case "flip":
      return await read(operation.axis === "horizontal" ? image.flop() : image.flip());
    case "flatten":
      return await read(image.flatten({ background: operation.background }));
    case "trim":
      return await read(image.trim({ threshold: TRIM_THRESHOLD }));
    case "denoise":
      return await read(image.median(3));
    case "sharpen":
      return await read(image.sharpen({ sigma: 1 }));
    case "recolor":
      return await recolor(image, operation, deadline);
    case "transparent_background":
      return isBorderClear(pixels) ? pixels : await cutOutBackground(pixels, deadline);
    case "white_background": {
      const cut = isBorderClear(pixels) ? pixels : await cutOutBackground(pixels, deadline);
      return await read(asSharp(cut, deadline).flatten({ background: "#ffffff" }));
    }
  }
}

export function asSharp({ data, width, height }: RgbaPixels, deadline: Deadline): Sharp {
  const raw = { width, height, channels: 4 as const };
  return sharp(data, { raw, limitInputPixels: MAX_RESULT_PIXELS }).timeout({ seconds: deadline.seconds() });
}

/** Always four channels, so that every operation meets the same shape. */
export async function read(image: Sharp): Promise<RgbaPixels> {
  const { data, info } = await image
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

function regionInside(pixels: Size, { left, top, width, height }: Extract<Operation, { op: "crop" }>) {
  if (left + width > pixels.width || top + height > pixels.height) {
    throw new AppError("operation-failed", "the crop reaches outside the picture");
  }
  return { left, top, width, height };
}

async function scaleTo(image: Sharp, { width, height }: Size, fit: "cover" | "fill"): Promise<RgbaPixels> {
  if (width * height > MAX_RESULT_PIXELS)
    throw new AppError("operation-failed", "the result would be too large");
  return await read(image.resize({ width, height, fit, kernel: "lanczos3" }));
}

async function recolor(
  image: Sharp,
  { hue_degrees, saturation, brightness, tint, grayscale }: Extract<Operation, { op: "recolor" }>,
  deadline: Deadline,
): Promise<RgbaPixels> {
  // Left out rather than undefined: sharp checks the type of every key that is there.
  const modulation = {
    ...(hue_degrees === undefined ? {} : { hue: Math.round(hue_degrees) }),
    ...(saturation === undefined ? {} : { saturation }),
    ...(brightness === undefined ? {} : { brightness }),
  };
  let pixels = await read(Object.keys(modulation).length === 0 ? image : image.modulate(modulation));
  if (grayscale === true) pixels = await read(asSharp(pixels, deadline).recomb([LUMA, LUMA, LUMA]));
  if (tint !== undefined) pixels = await read(asSharp(pixels, deadline).tint(tint));
  return pixels;
}

/** What fills the corners of a turned picture: its own flat background, else nothing. */
function cornerColour(pixels: RgbaPixels) {
  const border = findFlatBorder(pixels);
  return border === null || isBorderClear(pixels) ? { r: 0, g: 0, b: 0, alpha: 0 } : toHex(border);
}

/** True when all four corners are see-through: the background was cut out before. */
function isBorderClear({ data, width, height }: RgbaPixels): boolean {
  const last = width * height - 1;
  return [0, width - 1, last - width + 1, last].every((at) => data[4 * at + 3] === 0);
}

export function hasClearPixels({ data }: RgbaPixels): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return true;
  return false;
}
