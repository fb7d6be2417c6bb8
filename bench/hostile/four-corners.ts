import sharp from "sharp";

export const CORNERS_SIZE = { width: 120, height: 80 };
/** Top left, top right, bottom left, bottom right. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [190, 70, 60],
  [80, 150, 80],
  [60, 90, 160],
  [200, 190, 110],
];
const INSET = 6;
const JPEG_TOLERANCE = 14;

/** Pixels as a camera that was held so stores them, for EXIF orientation 1 to 8. */
export function drawCorners(orientation = 1) {
  const { width, height } = CORNERS_SIZE;
  const isTurned = orientation >= 5;
  const stored = isTurned ? { width: height, height: width } : { width, height };
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < stored.height; y += 1) {
    for (let x = 0; x < stored.width; x += 1) {
      const [uprightX, uprightY] = toUpright(x, y, orientation);
      const colour = COLOURS[(uprightY * 2 >= height ? 2 : 0) + (uprightX * 2 >= width ? 1 : 0)] ?? [0, 0, 0];
      data.set(colour, (y * stored.width + x) * 3);
    }
  }
  return sharp(data, { raw: { ...stored, channels: 3 } });
}

/** Where a stored pixel belongs, by the words of the EXIF standard: which side the first row and column are. */
function toUpright(x: number, y: number, orientation: number): [number, number] {
  const right = CORNERS_SIZE.width - 1;
  const bottom = CORNERS_SIZE.height - 1;
  switch (orientation) {
    case 2:
      return [right - x, y];
    case 3:
      return [right - x, bottom - y];
    case 4:
      return [x, bottom - y];
    case 5:
      return [y, x];
    case 6:
      return [right - y, x];
    case 7:
      return [right - y, bottom - x];
    case 8:
      return [y, bottom - x];
    default:
      return [x, y];
  }
}

/** What is wrong with the corners of a picture, or null; its EXIF is not looked at. */
export async function checkCorners(bytes: Buffer, tolerance = JPEG_TOLERANCE): Promise<string | null> {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = CORNERS_SIZE;
  if (info.width !== width || info.height !== height) return `${info.width}×${info.height}`;
  if (info.channels !== 3) return `${info.channels} channels`;
  const places = [
    [INSET, INSET],
    [width - INSET, INSET],
    [INSET, height - INSET],
    [width - INSET, height - INSET],
  ] as const;
  const off = places.map(([x, y], corner) =>
    Math.max(
      ...(COLOURS[corner] ?? []).map((value, channel) =>
        Math.abs(value - (data[(y * width + x) * 3 + channel] ?? 0)),
      ),
    ),
  );
  const worst = Math.max(...off);
  return worst <= tolerance ? null : `a corner's colour is off by ${worst}`;
}
