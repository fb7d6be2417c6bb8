import { AppError } from "../../domain/errors.ts";
import type { Deadline } from "./deadline.ts";
import { type Colour, colourDistance, findFlatBorder, type RgbaPixels } from "./pixel-facts.ts";

/** Up to this far from the border's colour a pixel is background. */
const BACKGROUND_DISTANCE = 24;
/** So near to the background a pixel may be a blend of object and background. */
const FEATHER_PIXELS = 3;
/** So far around a blended pixel the object shows its own colour. */
const PURE_PIXELS = 4;
const MIN_LEFT_SHARE = 0.001;
const PIXELS_PER_SLICE = 100_000;

/**
 * Makes the background that touches the picture's border see-through. Edge pixels are a blend of object and
 * background: they become partly see-through and lose the background's colour, so no rim stays.
 *
 * @throws AppError("operation-failed") when the border is not one flat colour, or nothing else is left
 */
export async function cutOutBackground(pixels: RgbaPixels, deadline: Deadline): Promise<RgbaPixels> {
  const background = findFlatBorder(pixels);
  if (background === null) throw new AppError("operation-failed", "the background is not one flat colour");
  const isBackground = await floodFromBorder(pixels, background, deadline);
  const data = new Uint8Array(pixels.data);
  const left = await clearAndFeather(data, pixels, { isBackground, background }, deadline);
  if (left < pixels.width * pixels.height * MIN_LEFT_SHARE) {
    throw new AppError("operation-failed", "nothing but background was found");
  }
  return { ...pixels, data };
}

/** 1 for each pixel that is connected to the border through background-coloured pixels. */
async function floodFromBorder({ data, width, height }: RgbaPixels, background: Colour, deadline: Deadline) {
  const reached = new Uint8Array(width * height);
  const waiting = new Int32Array(width * height);
  let filled = 0;
  const reach = (at: number): void => {
    if (reached[at] === 1 || !isLikeBackground(data, 4 * at, background)) return;
    reached[at] = 1;
    waiting[filled] = at;
    filled += 1;
  };

  for (let x = 0; x < width; x += 1) {
    reach(x);
    reach((height - 1) * width + x);
  }
  for (let y = 0; y < height; y += 1) {
    reach(y * width);
    reach(y * width + width - 1);
  }
  for (let taken = 0; taken < filled; taken += 1) {
    if (taken % PIXELS_PER_SLICE === 0) await deadline.breathe();
    const at = waiting[taken] ?? 0;
    const x = at % width;
    if (x > 0) reach(at - 1);
    if (x < width - 1) reach(at + 1);
    if (at >= width) reach(at - width);
    if (at < width * (height - 1)) reach(at + width);
  }
  return reached;
}

function isLikeBackground(data: Uint8Array, at: number, background: Colour): boolean {
  return (data[at + 3] ?? 0) === 0 || colourDistance(data, at, background) <= BACKGROUND_DISTANCE;
}

/** Writes into data; returns how many pixels are still seen. */
async function clearAndFeather(
  data: Uint8Array,
  source: RgbaPixels,
  { isBackground, background }: { isBackground: Uint8Array; background: Colour },
  deadline: Deadline,
): Promise<number> {
  const { width, height } = source;
  let left = 0;
  for (let y = 0; y < height; y += 1) {
    if ((y * width) % PIXELS_PER_SLICE < width) await deadline.breathe();
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      if (isBackground[at] === 1) {
        data[4 * at + 3] = 0;
        continue;
      }
      left += 1;
      if (!touchesBackground(isBackground, neighbours(x, y, FEATHER_PIXELS, source))) continue;
      const pure = largestDistance(source, background, neighbours(x, y, PURE_PIXELS, source));
      const share = colourDistance(source.data, 4 * at, background) / pure;
      if (share < 1) unblend(data, 4 * at, background, share);
    }
  }
  return left;
}

type Area = { first: number; columns: number; rows: number; width: number };

function neighbours(x: number, y: number, radius: number, { width, height }: RgbaPixels): Area {
  const left = Math.max(0, x - radius);
  const top = Math.max(0, y - radius);
  const columns = Math.min(width - 1, x + radius) - left + 1;
  return { first: top * width + left, columns, rows: Math.min(height - 1, y + radius) - top + 1, width };
}

function touchesBackground(isBackground: Uint8Array, { first, columns, rows, width }: Area): boolean {
  for (let row = 0; row < rows; row += 1) {
    const start = first + row * width;
    for (let at = start; at < start + columns; at += 1) if (isBackground[at] === 1) return true;
  }
  return false;
}

/** How far the object's own colour is from the background: the farthest pixel around. */
function largestDistance(
  { data }: RgbaPixels,
  background: Colour,
  { first, columns, rows, width }: Area,
): number {
  let largest = 1;
  for (let row = 0; row < rows; row += 1) {
    const start = first + row * width;
    for (let at = start; at < start + columns; at += 1) {
      largest = Math.max(largest, colourDistance(data, 4 * at, background));
    }
  }
  return largest;
}

/** pixel = share × foreground + (1 − share) × background, solved for the foreground. */
function unblend(data: Uint8Array, at: number, background: Colour, share: number): void {
  for (const channel of [0, 1, 2] as const) {
    const blended = data[at + channel] ?? 0;
    const foreground = (blended - (1 - share) * background[channel]) / share;
    data[at + channel] = Math.max(0, Math.min(255, Math.round(foreground)));
  }
  data[at + 3] = Math.round((data[at + 3] ?? 0) * share);
}
