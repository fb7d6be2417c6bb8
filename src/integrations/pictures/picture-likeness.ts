import { CHROMA_SIDE, CHROMA_ZERO } from "./fingerprint.ts";
import { type AlignedQuery, FINE_SIDE, type Thumbnails } from "./picture-alignment.ts";
import { isNearlyWhole, type Placement, sampleUnder, wholePlacement } from "./picture-placement.ts";
import { fitSamples } from "./sample-fit.ts";

/**
 * How alike a query and the picture under it are where they overlap, at most 1. ncc: their brightness. tint: brightness
 * and colour, whatever the hue was turned to. worst: the least alike sixteenth. detail: the least alike spot, a sixteenth
 * of a side wide. stray: by how many levels of 256 the least alike spot is off in brightness and colour.
 */
export type Likeness = {
  ncc: number;
  tint: number;
  worst: number;
  detail: number;
  stray: number;
};

export const UNLIKE: Likeness = { ncc: -1, tint: -1, worst: 0, detail: 0, stray: 255 };

const PARTS_ACROSS = 4;
const CHROMA_GAIN = 2;
/** A part this flat in both is alike: noise must not decide. */
const FLAT_DEVIATION = 6;
const OUTSIDE = -1;

const SPOTS = CHROMA_SIDE * CHROMA_SIDE;
/** Reused by every call: the search never compares two in parallel. */
const grey = new Float32Array(FINE_SIDE * FINE_SIDE);
const blue = new Float32Array(SPOTS);
const red = new Float32Array(SPOTS);

/** A copy of the same framing falls cell on cell, and nearly never does the best placement: the better of both counts. */
export function compareFramings(query: AlignedQuery, picture: Thumbnails, placement: Placement): Likeness {
  const asPlaced = compareClosely(query, picture, placement);
  if (!isNearlyWhole(placement)) return asPlaced;
  const asWhole = compareClosely(query, picture, wholePlacement(placement.dihedral));
  return asWhole.stray < asPlaced.stray ? asWhole : asPlaced;
}

function compareClosely(query: AlignedQuery, picture: Thumbnails, placement: Placement): Likeness {
  const queryGrey = query.greys.get(FINE_SIDE) ?? new Float32Array();
  sampleUnder(picture.grey, placement, query.aspect, FINE_SIDE, grey);
  sampleUnder(picture.blue, placement, query.aspect, CHROMA_SIDE, blue);
  sampleUnder(picture.red, placement, query.aspect, CHROMA_SIDE, red);
  const { ncc, overlap, gain, offset, deviation, varianceA, varianceB, shared } = fitSamples(queryGrey, grey);
  if (overlap === 0) return UNLIKE;

  // Two pictures of a series share most of themselves and differ in one place; the whole's likeness hides that.
  const differences = queryGrey.map((value, at) =>
    (grey[at] ?? OUTSIDE) < 0 ? OUTSIDE : Math.abs(value - gain * (grey[at] ?? 0) - offset),
  );
  const parts = meansOf(differences, PARTS_ACROSS);
  const spots = meansOf(differences, CHROMA_SIDE);
  const unit = Math.max(FLAT_DEVIATION, deviation);
  const colour = compareChroma(query.chroma);
  const both = spots.map((spot, at) =>
    spot < 0 || (blue[at] ?? OUTSIDE) < 0 ? OUTSIDE : spot + differenceOfChroma(query.chroma, at),
  );
  const energyA = varianceA + CHROMA_GAIN * colour.energyA;
  const energyB = varianceB + CHROMA_GAIN * colour.energyB;
  const spread = Math.sqrt(energyA * energyB);
  return {
    ncc,
    tint: spread < 1 ? 0 : (shared + CHROMA_GAIN * colour.shared) / spread,
    worst: 1 - Math.max(...parts) / unit,
    detail: 1 - Math.max(...spots) / unit,
    stray: Math.max(...both),
  };
}

function differenceOfChroma(query: Float32Array, at: number): number {
  return (
    Math.abs((query[at] ?? 0) + CHROMA_ZERO - (blue[at] ?? 0)) +
    Math.abs((query[SPOTS + at] ?? 0) + CHROMA_ZERO - (red[at] ?? 0))
  );
}

/** The mean of each of parts × parts, OUTSIDE where less than half of it is known. */
function meansOf(values: Float32Array, partsAcross: number): Float32Array {
  const side = FINE_SIDE / partsAcross;
  return Float32Array.from({ length: partsAcross * partsAcross }, (_, cell) => {
    const first = Math.floor(cell / partsAcross) * side * FINE_SIDE + (cell % partsAcross) * side;
    let sum = 0;
    let count = 0;
    for (let row = first; row < first + side * FINE_SIDE; row += FINE_SIDE) {
      for (let at = row; at < row + side; at += 1) {
        const value = values[at] ?? OUTSIDE;
        if (value < 0) continue;
        sum += value;
        count += 1;
      }
    }
    return count > (side * side) / 2 ? sum / count : OUTSIDE;
  });
}

/**
 * What the colours share when the query's hues are turned to where they fit best: turning all hues is multiplying by a
 * complex number, which the absolute value of the sum leaves out.
 */
function compareChroma(query: Float32Array): { shared: number; energyA: number; energyB: number } {
  const mean = { queryBlue: 0, queryRed: 0, blue: 0, red: 0 };
  let count = 0;
  for (let at = 0; at < SPOTS; at += 1) {
    if ((blue[at] ?? OUTSIDE) < 0) continue;
    count += 1;
    mean.queryBlue += query[at] ?? 0;
    mean.queryRed += query[SPOTS + at] ?? 0;
    mean.blue += blue[at] ?? 0;
    mean.red += red[at] ?? 0;
  }
  if (count === 0) return { shared: 0, energyA: 0, energyB: 0 };
  let real = 0;
  let imaginary = 0;
  let energyA = 0;
  let energyB = 0;
  for (let at = 0; at < SPOTS; at += 1) {
    if ((blue[at] ?? OUTSIDE) < 0) continue;
    const queryBlue = (query[at] ?? 0) - mean.queryBlue / count;
    const queryRed = (query[SPOTS + at] ?? 0) - mean.queryRed / count;
    const itsBlue = (blue[at] ?? 0) - mean.blue / count;
    const itsRed = (red[at] ?? 0) - mean.red / count;
    real += queryBlue * itsBlue + queryRed * itsRed;
    imaginary += queryBlue * itsRed - queryRed * itsBlue;
    energyA += queryBlue ** 2 + queryRed ** 2;
    energyB += itsBlue ** 2 + itsRed ** 2;
  }
  return { shared: Math.hypot(real, imaginary) / count, energyA: energyA / count, energyB: energyB / count };
}
