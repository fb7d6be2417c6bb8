import sharp from "sharp";

/** A part of a map, 0-1 of its width and height. */
export type MapWindow = { left: number; top: number; width: number; height: number };
/** A picture squeezed into a square: all features are taken from it. aspect is the original's width over height. */
export type PictureMap = {
  rgb: Uint8Array;
  grey: Float32Array;
  /** Summed areas of the brightness and of the two axes of colour. */
  sums: Record<"grey" | "blue" | "red", Float64Array>;
  aspect: number;
};

export const MAP_SIDE = 256;
export const WHOLE: MapWindow = { left: 0, top: 0, width: 1, height: 1 };
const MAX_INPUT_PIXELS = 50_000_000;
const TIMEOUT_SECONDS = 15;
const BORDER_TOLERANCE = 14;
const BORDER_SHARE = 0.97;
const MAX_BORDER = 0.4;
const MIN_BORDER = 0.015;
/** They bring both axes of colour to about -128 to 127, as in JPEG. */
const BLUE_WEIGHT = 0.564;
const RED_WEIGHT = 0.713;

export async function readMap(bytes: Uint8Array): Promise<PictureMap> {
  const image = sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: "error" }).timeout({
    seconds: TIMEOUT_SECONDS,
  });
  const { autoOrient } = await image.metadata();
  const rgb = await image
    .autoOrient()
    .flatten({ background: "#ffffff" })
    .resize(MAP_SIDE, MAP_SIDE, { fit: "fill" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const colours = rgb.info.channels >= 3 ? rgb.data : tripled(rgb.data, rgb.info.channels);
  const grey = toGrey(colours);
  const chroma = (channel: number, weight: number): Float32Array =>
    grey.map((value, at) => weight * ((colours[3 * at + channel] ?? 0) - value));
  const sums = {
    grey: integrate(grey),
    blue: integrate(chroma(2, BLUE_WEIGHT)),
    red: integrate(chroma(0, RED_WEIGHT)),
  };
  return { rgb: colours, grey, sums, aspect: autoOrient.width / autoOrient.height };
}

function tripled(data: Uint8Array, channels: number): Uint8Array {
  return Uint8Array.from(
    { length: MAP_SIDE * MAP_SIDE * 3 },
    (_, at) => data[Math.floor(at / 3) * channels] ?? 0,
  );
}

function toGrey(rgb: Uint8Array): Float32Array {
  const grey = new Float32Array(MAP_SIDE * MAP_SIDE);
  for (let at = 0; at < grey.length; at += 1) {
    grey[at] = 0.299 * (rgb[3 * at] ?? 0) + 0.587 * (rgb[3 * at + 1] ?? 0) + 0.114 * (rgb[3 * at + 2] ?? 0);
  }
  return grey;
}

/** Summed areas: the mean of any rectangle in four reads. */
function integrate(plane: Float32Array): Float64Array {
  const side = MAP_SIDE + 1;
  const sums = new Float64Array(side * side);
  for (let y = 1; y < side; y += 1) {
    let row = 0;
    for (let x = 1; x < side; x += 1) {
      row += plane[(y - 1) * MAP_SIDE + x - 1] ?? 0;
      sums[y * side + x] = (sums[(y - 1) * side + x] ?? 0) + row;
    }
  }
  return sums;
}

/** The window's grey means on a grid of side × side. */
export function sampleGrey(map: PictureMap, window: MapWindow, side: number): Float32Array {
  return sample(map.sums.grey, window, side);
}

/** The window's means on the two axes of colour, 0 is grey: a grid of side × side for blue, then one for red. */
export function sampleChroma({ sums }: PictureMap, window: MapWindow, side: number): Float32Array {
  const chroma = new Float32Array(2 * side * side);
  chroma.set(sample(sums.blue, window, side));
  chroma.set(sample(sums.red, window, side), side * side);
  return chroma;
}

function sample(sums: Float64Array, window: MapWindow, side: number): Float32Array {
  const stride = MAP_SIDE + 1;
  const xs = edges(window.left, window.width, side);
  const ys = edges(window.top, window.height, side);
  const grid = new Float32Array(side * side);
  for (let y = 0; y < side; y += 1) {
    const top = (ys[y] ?? 0) * stride;
    const bottom = (ys[y + 1] ?? 0) * stride;
    for (let x = 0; x < side; x += 1) {
      const left = xs[x] ?? 0;
      const right = xs[x + 1] ?? 0;
      const total =
        (sums[bottom + right] ?? 0) -
        (sums[bottom + left] ?? 0) -
        (sums[top + right] ?? 0) +
        (sums[top + left] ?? 0);
      grid[y * side + x] = total / ((right - left) * ((bottom - top) / stride));
    }
  }
  return grid;
}

/** Pixel edges of the cells, each cell at least one pixel. */
function edges(start: number, length: number, cells: number): number[] {
  const found = Array.from({ length: cells + 1 }, (_, at) =>
    Math.round((start + (length * at) / cells) * MAP_SIDE),
  );
  return found.map((edge) => Math.max(0, Math.min(MAP_SIDE, edge)));
}

/** What is left when a border of one colour is taken off, or null when there is none worth it. */
export function findInner({ grey }: PictureMap): MapWindow | null {
  const limit = Math.floor(MAP_SIDE * MAX_BORDER);
  const row = (line: number, at: number): number => grey[line * MAP_SIDE + at] ?? 0;
  const column = (line: number, at: number): number => grey[at * MAP_SIDE + line] ?? 0;
  const last = MAP_SIDE - 1;
  const top = countFlat((line, at) => row(line, at), limit);
  const bottom = countFlat((line, at) => row(last - line, at), limit);
  const left = countFlat((line, at) => column(line, at), limit);
  const right = countFlat((line, at) => column(last - line, at), limit);
  if (Math.max(top, bottom, left, right) < MAP_SIDE * MIN_BORDER) return null;
  return {
    left: left / MAP_SIDE,
    top: top / MAP_SIDE,
    width: (MAP_SIDE - left - right) / MAP_SIDE,
    height: (MAP_SIDE - top - bottom) / MAP_SIDE,
  };
}

/** How many lines from the edge have the edge's own colour nearly all along. */
function countFlat(valueAt: (line: number, at: number) => number, limit: number): number {
  const edge = valueAt(0, 0);
  for (let line = 0; line < limit; line += 1) {
    let near = 0;
    for (let at = 0; at < MAP_SIDE; at += 1)
      if (Math.abs(valueAt(line, at) - edge) <= BORDER_TOLERANCE) near += 1;
    if (near < MAP_SIDE * BORDER_SHARE) return line;
  }
  return limit;
}
