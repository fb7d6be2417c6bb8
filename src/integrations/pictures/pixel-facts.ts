/** Grey pixels, one byte each. */
export type GreyPixels = { data: Uint8Array; width: number; height: number };
/** Pixels with 4 bytes each: red, green, blue, alpha. */
export type RgbaPixels = { data: Uint8Array; width: number; height: number };
export type Colour = [red: number, green: number, blue: number];

const SEEN_ALPHA = 128;
const FLAT_SHARE = 0.95;
const FLAT_TOLERANCE = 16;
const MAX_DOMINANT = 5;
const DOMINANT_SHARE = 0.04;

/** Variance of the Laplacian: high for crisp edges, near 0 for blur and flat areas. */
export function measureSharpness({ data, width, height }: GreyPixels): number {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at += 1) {
      const around =
        pixel(data, at - 1) + pixel(data, at + 1) + pixel(data, at - width) + pixel(data, at + width);
      const value = around - 4 * pixel(data, at);
      sum += value;
      squares += value * value;
      count += 1;
    }
  }
  if (count === 0) return 0;
  const mean = sum / count;
  return squares / count - mean * mean;
}

/** Median absolute deviation of what a 3×3 mean leaves behind, 0-255. Edges are rare, so the median sees only grain. */
export function measureNoise({ data, width, height }: GreyPixels): number {
  // In ninths, so that the histogram below can count whole numbers.
  const counts = new Uint32Array(9 * 255 + 1);
  let total = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at += 1) {
      let block = 0;
      for (let row = at - width; row <= at + width; row += width) {
        block += pixel(data, row - 1) + pixel(data, row) + pixel(data, row + 1);
      }
      const rest = Math.abs(9 * pixel(data, at) - block);
      counts[rest] = (counts[rest] ?? 0) + 1;
      total += 1;
    }
  }
  let seen = 0;
  for (let rest = 0; rest < counts.length; rest += 1) {
    seen += counts[rest] ?? 0;
    if (seen * 2 >= total) return total === 0 ? 0 : rest / 9;
  }
  return 0;
}

/** At most five colours as #rrggbb, the largest share first; see-through pixels do not count. */
export function findDominantColours({ data }: RgbaPixels): string[] {
  const bins = new Map<number, { count: number; red: number; green: number; blue: number }>();
  let total = 0;
  for (let at = 0; at + 3 < data.length; at += 4) {
    if (pixel(data, at + 3) < SEEN_ALPHA) continue;
    const [red, green, blue] = colourAt(data, at);
    const key = ((red >> 5) << 6) | ((green >> 5) << 3) | (blue >> 5);
    const bin = bins.get(key) ?? { count: 0, red: 0, green: 0, blue: 0 };
    bins.set(key, {
      count: bin.count + 1,
      red: bin.red + red,
      green: bin.green + green,
      blue: bin.blue + blue,
    });
    total += 1;
  }
  return [...bins.values()]
    .filter((bin) => bin.count >= total * DOMINANT_SHARE)
    .sort((one, other) => other.count - one.count)
    .slice(0, MAX_DOMINANT)
    .map((bin) => toHex([bin.red / bin.count, bin.green / bin.count, bin.blue / bin.count]));
}

/** The one colour of the picture's border, or null when the border is not flat. See-through pixels match any colour. */
export function findFlatBorder({ data, width, height }: RgbaPixels): Colour | null {
  const seen = borderOffsets(width, height).filter((at) => pixel(data, at + 3) >= SEEN_ALPHA);
  if (seen.length === 0) return null;
  const middle: Colour = [0, 1, 2].map((channel) =>
    median(seen.map((at) => pixel(data, at + channel))),
  ) as Colour;
  const near = seen.filter((at) => colourDistance(data, at, middle) <= FLAT_TOLERANCE).length;
  return near >= seen.length * FLAT_SHARE ? middle : null;
}

/** True when the background can be told from the rest: its border has one colour, or was cut out before. */
export function hasFlatBorder(pixels: RgbaPixels): boolean {
  const { data, width, height } = pixels;
  const isCutOut = borderOffsets(width, height).every((at) => pixel(data, at + 3) < SEEN_ALPHA);
  return isCutOut || findFlatBorder(pixels) !== null;
}

function borderOffsets(width: number, height: number): number[] {
  const offsets: number[] = [];
  for (let x = 0; x < width; x += 1) offsets.push(4 * x, 4 * ((height - 1) * width + x));
  for (let y = 1; y < height - 1; y += 1) offsets.push(4 * y * width, 4 * (y * width + width - 1));
  return offsets;
}

/** The largest difference of any channel, 0-255. */
export function colourDistance(data: Uint8Array, at: number, [red, green, blue]: Colour): number {
  return Math.max(
    Math.abs(pixel(data, at) - red),
    Math.abs(pixel(data, at + 1) - green),
    Math.abs(pixel(data, at + 2) - blue),
  );
}

export function toHex(colour: Colour): string {
  return `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
}

function colourAt(data: Uint8Array, at: number): Colour {
  return [pixel(data, at), pixel(data, at + 1), pixel(data, at + 2)];
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}

function pixel(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}
