import { THUMBNAIL_SIDE } from "./fingerprint.ts";

/**
 * How a query lies on a gallery picture: its centre, its sizes (1 is the whole width or height), its angle, and its
 * mirroring.
 */
export type Placement = {
  x: number;
  y: number;
  width: number;
  height: number;
  radians: number;
  dihedral: number;
};
export type Step = { x: number; size: number; stretch: number; radians: number };

const MIN_SIZE = 0.55;
const MAX_SIZE = 1.35;
const NEARLY = 0.05;
const ANGLES = [-9, -6, -3, 3, 6, 9].map((degrees) => (degrees * Math.PI) / 180);

type Spot = Omit<Placement, "dihedral">;

/** Crops of every size and place upright, and a few framings at each angle. */
export function startingPlacements(dihedral: number, aspect: number): Placement[] {
  const upright = [1, 1.12].map((size) => centred(size, size, 0));
  const spots = [
    ...upright,
    ...crops(0.85, 3),
    ...crops(0.65, 4),
    ...ANGLES.flatMap((it) => turned(it, aspect)),
  ];
  return spots.map((spot) => ({ ...spot, dihedral }));
}

/** Turned within its frame, turned with the frame grown around it, and turned with the corners cut off. */
function turned(radians: number, aspect: number): Spot[] {
  const cos = Math.cos(radians);
  const sin = Math.abs(Math.sin(radians));
  const frames = [centred(1, 1, radians), centred(0.85, 0.85, radians)];
  // The width and height, in heights of the query, that the picture had before its frame grew.
  const width = aspect * cos - sin;
  const height = cos - aspect * sin;
  const grown = cos * cos - sin * sin;
  if (width > 0.3 * aspect && height > 0.3)
    frames.push(centred((aspect * grown) / width, grown / height, radians));
  return frames;
}

function centred(width: number, height: number, radians: number): Spot {
  return { x: 0.5, y: 0.5, width, height, radians };
}

function crops(size: number, steps: number): Spot[] {
  return Array.from({ length: steps * steps }, (_, at) => ({
    x: size / 2 + ((at % steps) * (1 - size)) / (steps - 1),
    y: size / 2 + (Math.floor(at / steps) * (1 - size)) / (steps - 1),
    width: size,
    height: size,
    radians: 0,
  }));
}

export function wholePlacement(dihedral: number): Placement {
  return { ...centred(1, 1, 0), dihedral };
}

export function isNearlyWhole({ x, y, width, height, radians }: Placement): boolean {
  const off = [x - 0.5, y - 0.5, width - 1, height - 1, radians];
  return off.every((it) => Math.abs(it) < NEARLY);
}

/** One step away in each direction. */
export function neighboursOf(from: Placement, step: Step): Placement[] {
  return [-1, 1].flatMap((sign) => [
    { ...from, x: from.x + sign * step.x },
    { ...from, y: from.y + sign * step.x },
    { ...from, width: grown(from.width, sign * step.size), height: grown(from.height, sign * step.size) },
    { ...from, width: grown(from.width, sign * step.stretch) },
    { ...from, radians: from.radians + sign * step.radians },
  ]);
}

function grown(size: number, by: number): number {
  return Math.min(MAX_SIZE, Math.max(MIN_SIZE, size + by));
}

/** Where the points of a query lie on a layer, in its pixels: the first point, and the way to the next ones. */
type Lattice = { x: number; y: number; acrossX: number; acrossY: number; downX: number; downY: number };

function latticeOf(
  { x, y, width, height, radians, dihedral }: Placement,
  aspect: number,
  side: number,
  layerSide: number,
): Lattice {
  const unit = layerSide / side;
  const mirrorX = (dihedral & 1) === 0 ? unit : -unit;
  const mirrorY = (dihedral & 2) === 0 ? unit : -unit;
  const isTransposed = (dihedral & 4) !== 0;
  // Turned in real proportions: the thumbnail squeezes the picture into a square.
  const fromU = { x: width * Math.cos(radians) * mirrorX, y: height * aspect * Math.sin(radians) * mirrorX };
  const fromV = {
    x: ((-width * Math.sin(radians)) / aspect) * mirrorY,
    y: height * Math.cos(radians) * mirrorY,
  };
  const [across, down] = isTransposed ? [fromV, fromU] : [fromU, fromV];
  const half = (side - 1) / 2;
  return {
    x: x * layerSide - 0.5 - half * (across.x + down.x),
    y: y * layerSide - 0.5 - half * (across.y + down.y),
    acrossX: across.x,
    acrossY: across.y,
    downX: down.x,
    downY: down.y,
  };
}

/** The thumbnail pixel under each point of a query of side × side, -1 outside. */
export function pixelsUnder(placement: Placement, aspect: number, side: number): Int16Array {
  const { x, y, acrossX, acrossY, downX, downY } = latticeOf(placement, aspect, side, THUMBNAIL_SIDE);
  const pixels = new Int16Array(side * side).fill(-1);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const px = Math.round(x + column * acrossX + row * downX);
      const py = Math.round(y + column * acrossY + row * downY);
      const isInside = px >= 0 && py >= 0 && px < THUMBNAIL_SIDE && py < THUMBNAIL_SIDE;
      if (isInside) pixels[row * side + column] = py * THUMBNAIL_SIDE + px;
    }
  }
  return pixels;
}

/** One square plane of a gallery picture: its brightness, or an axis of its colour. */
export type Layer = { pixels: Uint8Array; side: number };

/** Writes what the layer shows under each point of a query of side × side into samples, -1 outside. */
export function sampleUnder(
  layer: Layer,
  placement: Placement,
  aspect: number,
  side: number,
  samples: Float32Array,
): void {
  const { pixels, side: layerSide } = layer;
  const lattice = latticeOf(placement, aspect, side, layerSide);
  const { acrossX, acrossY } = lattice;
  const last = layerSide - 1;
  for (let row = 0; row < side; row += 1) {
    let px = lattice.x + row * lattice.downX;
    let py = lattice.y + row * lattice.downY;
    const end = (row + 1) * side;
    for (let at = row * side; at < end; at += 1, px += acrossX, py += acrossY) {
      // Nearly all points lie between four pixels; this loop is most of what a search costs.
      if (!(px >= 0 && py >= 0 && px < last && py < last)) {
        samples[at] = sampleAtEdge(layer, px, py);
        continue;
      }
      const left = px | 0;
      const top = py | 0;
      const from = top * layerSide + left;
      const dx = px - left;
      const one = pixels[from] ?? 0;
      const two = pixels[from + layerSide] ?? 0;
      const upper = one + ((pixels[from + 1] ?? 0) - one) * dx;
      const under = two + ((pixels[from + layerSide + 1] ?? 0) - two) * dx;
      samples[at] = upper + (under - upper) * (py - top);
    }
  }
}

function sampleAtEdge({ pixels, side }: Layer, px: number, py: number): number {
  const last = side - 1;
  if (px < -0.5 || py < -0.5 || px > last + 0.5 || py > last + 0.5) return -1;
  const x = Math.min(last, Math.max(0, px));
  const y = Math.min(last, Math.max(0, py));
  const left = Math.min(last - 1, Math.floor(x));
  const top = Math.min(last - 1, Math.floor(y));
  const pixelAt = (down: number, across: number): number => pixels[(top + down) * side + left + across] ?? 0;
  const upper = pixelAt(0, 0) * (left + 1 - x) + pixelAt(0, 1) * (x - left);
  const under = pixelAt(1, 0) * (left + 1 - x) + pixelAt(1, 1) * (x - left);
  return upper * (top + 1 - y) + under * (y - top);
}
