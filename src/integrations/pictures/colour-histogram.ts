import { MAP_SIDE, type MapWindow, type PictureMap } from "./picture-map.ts";

export const HISTOGRAM_CELLS = 4;
const HUES = 8;
const GREYS = 4;
/** 8 hues × 2 saturations × 2 values, and 4 greys. */
export const HISTOGRAM_BINS = HUES * 4 + GREYS;
export const HISTOGRAM_LENGTH = HISTOGRAM_CELLS * HISTOGRAM_BINS;
const CELL_TOTAL = 255;
export const HISTOGRAM_TOTAL = HISTOGRAM_CELLS * CELL_TOTAL;
const GREY_SATURATION = 0.15;

/** Colours of each quarter of the window, each quarter summing up to about 255. */
export function makeHistogram({ rgb }: PictureMap, window: MapWindow): Uint8Array {
  const counts = new Float64Array(HISTOGRAM_LENGTH);
  const totals = new Float64Array(HISTOGRAM_CELLS);
  const left = Math.round(window.left * MAP_SIDE);
  const top = Math.round(window.top * MAP_SIDE);
  const right = Math.round((window.left + window.width) * MAP_SIDE);
  const bottom = Math.round((window.top + window.height) * MAP_SIDE);
  for (let y = top; y < bottom; y += 2) {
    for (let x = left; x < right; x += 2) {
      const cell = (2 * (y - top) < bottom - top ? 0 : 2) + (2 * (x - left) < right - left ? 0 : 1);
      const at = 3 * (y * MAP_SIDE + x);
      const bin = cell * HISTOGRAM_BINS + binOf(rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0);
      counts[bin] = (counts[bin] ?? 0) + 1;
      totals[cell] = (totals[cell] ?? 0) + 1;
    }
  }
  return Uint8Array.from(counts, (count, at) =>
    Math.round((count * CELL_TOTAL) / Math.max(1, totals[Math.floor(at / HISTOGRAM_BINS)] ?? 1)),
  );
}

function binOf(red: number, green: number, blue: number): number {
  const value = Math.max(red, green, blue);
  const chroma = value - Math.min(red, green, blue);
  if (chroma < GREY_SATURATION * value || value < 32) return HUES * 4 + Math.min(GREYS - 1, value >> 6);
  let sector = (red - green) / chroma + 4;
  if (value === red) sector = (green - blue) / chroma + (green < blue ? 6 : 0);
  else if (value === green) sector = (blue - red) / chroma + 2;
  const hue = Math.floor((sector * HUES) / 6) % HUES;
  return hue * 4 + (chroma < value / 2 ? 0 : 2) + (value < 144 ? 0 : 1);
}

/** The share of colour in a histogram, 0 for a grey picture. */
export function colourShare(histogram: Uint8Array): number {
  let colour = 0;
  let all = 0;
  histogram.forEach((count, at) => {
    all += count;
    if (at % HISTOGRAM_BINS < HUES * 4) colour += count;
  });
  return all === 0 ? 0 : colour / all;
}

/** The quarter of the given picture that lies at each quarter of the turned one; numbers as in turnFrequencies. */
const TURNED_CELLS = Array.from({ length: 8 }, (_, dihedral) =>
  [0, 1, 2, 3].map((cell) => {
    let x = (cell & 1) ^ (dihedral & 1);
    let y = (cell >> 1) ^ ((dihedral >> 1) & 1);
    if ((dihedral & 4) !== 0) [x, y] = [y, x];
    return 2 * y + x;
  }),
);

export function turnHistogram(histogram: Uint8Array, dihedral: number): Uint8Array {
  const turned = new Uint8Array(HISTOGRAM_LENGTH);
  (TURNED_CELLS[dihedral] ?? []).forEach((from, cell) => {
    const bins = histogram.subarray(from * HISTOGRAM_BINS, (from + 1) * HISTOGRAM_BINS);
    turned.set(bins, cell * HISTOGRAM_BINS);
  });
  return turned;
}

/** What the colours have in common, 0-1. @param offset - where the second histogram starts in its array */
export function compareHistograms(one: Uint8Array, others: Uint8Array, offset = 0): number {
  let shared = 0;
  for (let at = 0; at < HISTOGRAM_LENGTH; at += 1) {
    const left = one[at] ?? 0;
    const right = others[offset + at] ?? 0;
    shared += Math.min(left, right);
  }
  return Math.min(1, shared / HISTOGRAM_TOTAL);
}

export type FilledBins = { places: Uint8Array; counts: Uint8Array };

/** A picture has few of all colours: the other bins share nothing with anything. */
export function filledBins(histogram: Uint8Array): FilledBins {
  const places = Uint8Array.from(histogram.keys()).filter((at) => (histogram[at] ?? 0) > 0);
  return { places, counts: places.map((at) => histogram[at] ?? 0) };
}
