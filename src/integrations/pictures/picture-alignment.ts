import { THUMBNAIL_SIDE } from "./fingerprint.ts";

/** How a query lies on a gallery picture: its centre, its size (1 is the whole), its angle, and its mirroring. */
type Placement = { x: number; y: number; size: number; radians: number; dihedral: number };
/**
 * How alike the two are where they overlap, at most 1. ncc: all of it together. worst: its least alike sixteenth.
 * detail: its least alike spot, a sixteenth of a side wide.
 */
export type Alignment = { ncc: number; worst: number; detail: number };

const COARSE_SIDE = 12;
/** That of the thumbnail: a copy of the same framing then falls cell on cell, and a small difference shows. */
const FINE_SIDE = THUMBNAIL_SIDE;
const PARTS = 4;
const SPOTS_ACROSS = 16;
const MIN_OVERLAP = 0.72;
const ANGLES = [-6, 0, 6].map((degrees) => (degrees * Math.PI) / 180);
const REFINED = 2;
const ROUNDS = 3;
/** A part this flat in both is alike: noise must not decide. */
const FLAT_DEVIATION = 6;

const SPOTS: [x: number, y: number, size: number][] = [
  [0.5, 0.5, 1],
  [0.5, 0.5, 1.12],
  ...spots(0.85, 3),
  ...spots(0.65, 4),
];

function spots(size: number, steps: number): [number, number, number][] {
  return Array.from({ length: steps * steps }, (_, at): [number, number, number] => [
    size / 2 + ((at % steps) * (1 - size)) / (steps - 1),
    size / 2 + (Math.floor(at / steps) * (1 - size)) / (steps - 1),
    size,
  ]);
}

/** A placement with the thumbnail pixel under each point of the coarse query, -1 outside. */
type Overlay = { placement: Placement; pixels: Int16Array };
export type AlignedQuery = {
  coarse: Float32Array;
  fine: Float32Array;
  aspect: number;
  overlaysOf: (dihedral: number) => Overlay[];
};
export type CoarseAlignment = { ncc: number; placements: Placement[] };

/** @param sample - the query's grey means on a grid of the side it is given */
export function prepareQuery(sample: (side: number) => Float32Array, aspect: number): AlignedQuery {
  // The same for every candidate, so worked out once; most turns are never asked for.
  const known = new Map<number, Overlay[]>();
  const overlaysOf = (dihedral: number): Overlay[] => {
    const overlays = known.get(dihedral) ?? makeOverlays(dihedral, aspect);
    known.set(dihedral, overlays);
    return overlays;
  };
  return { coarse: sample(COARSE_SIDE), fine: sample(FINE_SIDE), aspect, overlaysOf };
}

function makeOverlays(dihedral: number, aspect: number): Overlay[] {
  return ANGLES.flatMap((radians) =>
    SPOTS.map(([x, y, size]) => {
      const placement = { x, y, size, radians, dihedral };
      const pixels = new Int16Array(COARSE_SIDE * COARSE_SIDE);
      eachPoint(COARSE_SIDE, placement, aspect, (at, px, py) => {
        const isInside = px > -0.5 && py > -0.5 && px < THUMBNAIL_SIDE - 0.5 && py < THUMBNAIL_SIDE - 0.5;
        pixels[at] = isInside ? Math.round(py) * THUMBNAIL_SIDE + Math.round(px) : -1;
      });
      return { placement, pixels };
    }),
  );
}

/** Lays the query over the thumbnail in many ways, roughly, and keeps the best. */
export function alignCoarsely(
  query: AlignedQuery,
  thumbnail: Uint8Array,
  dihedrals: number[],
): CoarseAlignment {
  const best: { placement: Placement; ncc: number }[] = [];
  for (const dihedral of dihedrals) {
    for (const { placement, pixels } of query.overlaysOf(dihedral)) {
      for (let at = 0; at < pixels.length; at += 1) {
        const pixel = pixels[at] ?? -1;
        samples[at] = pixel < 0 ? -1 : (thumbnail[pixel] ?? 0);
      }
      const ncc = correlateSamples(query.coarse);
      const worst = best[REFINED - 1];
      if (worst !== undefined && ncc <= worst.ncc) continue;
      best.push({ placement, ncc });
      best.sort((one, other) => other.ncc - one.ncc);
      if (best.length > REFINED) best.pop();
    }
  }
  return { ncc: best[0]?.ncc ?? -1, placements: best.map((it) => it.placement) };
}

/** Moves the rough placements to where the two are most alike. */
export function alignFinely(
  query: AlignedQuery,
  thumbnail: Uint8Array,
  { placements }: CoarseAlignment,
): Alignment {
  let best: { placement: Placement; ncc: number } | null = null;
  for (const placement of placements) {
    const refined = refine(query, thumbnail, placement);
    if (best === null || refined.ncc > best.ncc) best = refined;
  }
  if (best === null) return { ncc: -1, worst: 0, detail: 0 };
  project(thumbnail, best.placement, query.aspect);
  return { ncc: best.ncc, worst: leastAlikePart(query, PARTS), detail: leastAlikePart(query, SPOTS_ACROSS) };
}

function refine(query: AlignedQuery, thumbnail: Uint8Array, start: Placement) {
  let placement = start;
  let ncc = correlate(query, thumbnail, placement);
  let step = { x: 0.04, size: 0.05, radians: 0.05 };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let isBetter = true; isBetter; ) {
      isBetter = false;
      for (const moved of neighboursOf(placement, step)) {
        const next = correlate(query, thumbnail, moved);
        if (next <= ncc + 0.001) continue;
        ncc = next;
        placement = moved;
        isBetter = true;
      }
    }
    step = { x: step.x / 2, size: step.size / 2, radians: step.radians / 2 };
  }
  return { placement, ncc };
}

function neighboursOf(from: Placement, step: { x: number; size: number; radians: number }): Placement[] {
  return [-1, 1].flatMap((sign) => [
    { ...from, x: from.x + sign * step.x },
    { ...from, y: from.y + sign * step.x },
    { ...from, size: Math.min(1.25, Math.max(0.55, from.size + sign * step.size)) },
    { ...from, radians: from.radians + sign * step.radians },
  ]);
}

/** Reused by every call: the search runs it hundreds of times per candidate, and never in parallel. */
const samples = new Float32Array(FINE_SIDE * FINE_SIDE);

function correlate(query: AlignedQuery, thumbnail: Uint8Array, placement: Placement): number {
  project(thumbnail, placement, query.aspect);
  return correlateSamples(query.fine);
}

/** Pearson's correlation of the query with the samples under it; -1 when too little of the query lies on them. */
function correlateSamples(query: Float32Array): number {
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  let sumAA = 0;
  let sumBB = 0;
  let sumAB = 0;
  for (let at = 0; at < query.length; at += 1) {
    const b = samples[at] ?? -1;
    if (b < 0) continue;
    const a = query[at] ?? 0;
    count += 1;
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
  }
  if (count < MIN_OVERLAP * query.length) return -1;
  const spread = Math.sqrt((sumAA - (sumA * sumA) / count) * (sumBB - (sumB * sumB) / count));
  return spread < count ? 0 : (sumAB - (sumA * sumB) / count) / spread;
}

/** What the thumbnail shows at each point of the fine query, -1 outside of it. */
function project(thumbnail: Uint8Array, placement: Placement, aspect: number): void {
  eachPoint(FINE_SIDE, placement, aspect, (at, px, py) => {
    samples[at] = interpolate(thumbnail, px, py);
  });
}

/** Where each point of the query lies on the thumbnail, in its pixels. */
function eachPoint(
  side: number,
  { x, y, size, radians, dihedral }: Placement,
  aspect: number,
  visit: (at: number, px: number, py: number) => void,
): void {
  const cos = Math.cos(radians) * size;
  const sin = Math.sin(radians) * size;
  const mirrorX = (dihedral & 1) === 0 ? 1 : -1;
  const mirrorY = (dihedral & 2) === 0 ? 1 : -1;
  const isTransposed = (dihedral & 4) !== 0;
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const across = (column + 0.5) / side - 0.5;
      const down = (row + 0.5) / side - 0.5;
      const u = mirrorX * (isTransposed ? down : across);
      const v = mirrorY * (isTransposed ? across : down);
      // Turned in real proportions: the thumbnail squeezes the picture into a square.
      const px = (x + u * cos - (v * sin) / aspect) * THUMBNAIL_SIDE - 0.5;
      const py = (y + u * aspect * sin + v * cos) * THUMBNAIL_SIDE - 0.5;
      visit(row * side + column, px, py);
    }
  }
}

function interpolate(thumbnail: Uint8Array, px: number, py: number): number {
  const last = THUMBNAIL_SIDE - 1;
  if (px < -0.5 || py < -0.5 || px > last + 0.5 || py > last + 0.5) return -1;
  const x = Math.min(last, Math.max(0, px));
  const y = Math.min(last, Math.max(0, py));
  const left = Math.min(last - 1, Math.floor(x));
  const top = Math.min(last - 1, Math.floor(y));
  const at = top * THUMBNAIL_SIDE + left;
  const upper = (thumbnail[at] ?? 0) * (1 - x + left) + (thumbnail[at + 1] ?? 0) * (x - left);
  const under =
    (thumbnail[at + THUMBNAIL_SIDE] ?? 0) * (1 - x + left) +
    (thumbnail[at + THUMBNAIL_SIDE + 1] ?? 0) * (x - left);
  return upper * (1 - y + top) + under * (y - top);
}

/**
 * Two pictures of a series share most of themselves and differ in one place; the whole's likeness hides that. Per part
 * of the projected samples: 1 minus the mean difference after fitting brightness and contrast over the whole, in the query's own deviations.
 */
function leastAlikePart(query: AlignedQuery, partsAcross: number): number {
  const fit = fitBrightness(query.fine);
  if (fit === null) return 0;
  const part = FINE_SIDE / partsAcross;
  let worst = 1;
  for (let cell = 0; cell < partsAcross * partsAcross; cell += 1) {
    const top = Math.floor(cell / partsAcross) * part;
    const left = (cell % partsAcross) * part;
    let difference = 0;
    let count = 0;
    for (let row = top; row < top + part; row += 1) {
      for (let at = row * FINE_SIDE + left; at < row * FINE_SIDE + left + part; at += 1) {
        if ((samples[at] ?? -1) < 0) continue;
        difference += Math.abs((query.fine[at] ?? 0) - fit.gain * (samples[at] ?? 0) - fit.offset);
        count += 1;
      }
    }
    if (count > (part * part) / 2) worst = Math.min(worst, 1 - difference / count / fit.deviation);
  }
  return worst;
}

/** The gain and offset that bring the projected samples nearest to the query. */
function fitBrightness(query: Float32Array): { gain: number; offset: number; deviation: number } | null {
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  let sumAA = 0;
  let sumBB = 0;
  let sumAB = 0;
  query.forEach((a, at) => {
    const b = samples[at] ?? -1;
    if (b < 0) return;
    count += 1;
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
  });
  if (count === 0) return null;
  const spreadB = sumBB / count - (sumB / count) ** 2;
  const gain = spreadB === 0 ? 0 : (sumAB / count - (sumA / count) * (sumB / count)) / spreadB;
  const deviation = Math.max(FLAT_DEVIATION, Math.sqrt(Math.max(0, sumAA / count - (sumA / count) ** 2)));
  return { gain, offset: sumA / count - gain * (sumB / count), deviation };
}
