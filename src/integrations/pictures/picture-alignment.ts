import { THUMBNAIL_SIDE } from "./fingerprint.ts";
import {
  type Layer,
  neighboursOf,
  type Placement,
  pixelsUnder,
  type Step,
  sampleUnder,
  startingPlacements,
} from "./picture-placement.ts";
import { fitSamples } from "./sample-fit.ts";

const COARSE_SIDE = 12;
const MIDDLE_SIDE = 16;
/** That of the thumbnail: a copy of the same framing then falls cell on cell, and a small difference shows. */
export const FINE_SIDE = THUMBNAIL_SIDE;
const MIN_OVERLAP = 0.72;
const REFINED = 2;
type Round = { side: number; step: Step };
/** All rough placements climb once; the best of them goes on in smaller steps, the last ones judged on all points. */
const FIRST_ROUND: Round = {
  side: MIDDLE_SIDE,
  step: { x: 0.04, size: 0.05, stretch: 0.04, radians: 0.05 },
};
const LATER_ROUNDS: Round[] = [
  { side: MIDDLE_SIDE, step: { x: 0.02, size: 0.025, stretch: 0.02, radians: 0.025 } },
  { side: FINE_SIDE, step: { x: 0.01, size: 0.0125, stretch: 0.01, radians: 0.0125 } },
];
/** A step that gains less is not taken. */
const WORTHWHILE = 0.001;

type Placed = { placement: Placement; ncc: number };
/** A placement with the thumbnail pixel under each point of the coarse query, -1 outside. */
type Overlay = { placement: Placement; pixels: Int16Array };
/** greys: the query's grey means by the side of their grid. chroma: as in a fingerprint, but around 0. */
export type AlignedQuery = {
  greys: Map<number, Float32Array>;
  chroma: Float32Array;
  aspect: number;
  overlaysOf: (dihedral: number) => Overlay[];
};
/** A picture of the gallery. */
export type Thumbnails = { grey: Layer; blue: Layer; red: Layer };
export type CoarseAlignment = { ncc: number; placements: Placement[] };

/** Reused by every call: the search runs it hundreds of times per candidate, and never in parallel. */
const samples = new Float32Array(FINE_SIDE * FINE_SIDE);

/** @param sampleGrey - the query's grey means on a grid of the side it is given */
export function prepareQuery(
  sampleGrey: (side: number) => Float32Array,
  chroma: Float32Array,
  aspect: number,
): AlignedQuery {
  // The same for every candidate, so worked out once; most turns are never asked for.
  const known = new Map<number, Overlay[]>();
  const overlaysOf = (dihedral: number): Overlay[] => {
    const overlays = known.get(dihedral) ?? makeOverlays(dihedral, aspect);
    known.set(dihedral, overlays);
    return overlays;
  };
  const greys = new Map([COARSE_SIDE, MIDDLE_SIDE, FINE_SIDE].map((side) => [side, sampleGrey(side)]));
  return { greys, chroma, aspect, overlaysOf };
}

function makeOverlays(dihedral: number, aspect: number): Overlay[] {
  return startingPlacements(dihedral, aspect).map((placement) => ({
    placement,
    pixels: pixelsUnder(placement, aspect, COARSE_SIDE),
  }));
}

/** Lays the query over the thumbnail in many ways, roughly, and keeps the best. */
export function alignCoarsely(
  query: AlignedQuery,
  { pixels: thumbnail }: Layer,
  dihedrals: number[],
): CoarseAlignment {
  const best: Placed[] = [];
  for (const dihedral of dihedrals) {
    for (const { placement, pixels } of query.overlaysOf(dihedral)) {
      for (let at = 0; at < pixels.length; at += 1) {
        const pixel = pixels[at] ?? -1;
        samples[at] = pixel < 0 ? -1 : (thumbnail[pixel] ?? 0);
      }
      const ncc = correlate(query, COARSE_SIDE);
      const worst = best[REFINED - 1];
      if (worst !== undefined && ncc <= worst.ncc) continue;
      best.push({ placement, ncc });
      best.sort((one, other) => other.ncc - one.ncc);
      if (best.length > REFINED) best.pop();
    }
  }
  return { ncc: best[0]?.ncc ?? -1, placements: best.map((it) => it.placement) };
}

/** Moves the rough placements to where the two are most alike, and says where that is. */
export function alignFinely(
  query: AlignedQuery,
  thumbnail: Layer,
  { placements }: CoarseAlignment,
): Placement | null {
  const climbed = placements
    .map((placement) => climb(query, thumbnail, placement, FIRST_ROUND))
    .sort((one, other) => other.ncc - one.ncc);
  let placement = climbed[0]?.placement ?? null;
  for (const round of LATER_ROUNDS) {
    placement = placement === null ? null : climb(query, thumbnail, placement, round).placement;
  }
  return placement;
}

/** Steps to the better neighbour until there is none. */
function climb(query: AlignedQuery, thumbnail: Layer, start: Placement, { side, step }: Round): Placed {
  const judge = (placement: Placement): Placed => {
    sampleUnder(thumbnail, placement, query.aspect, side, samples);
    return { placement, ncc: correlate(query, side) };
  };
  let best = judge(start);
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    for (const neighbour of neighboursOf(best.placement, step)) {
      const next = judge(neighbour);
      if (next.ncc <= best.ncc + WORTHWHILE) continue;
      best = next;
      isBetter = true;
    }
  }
  return best;
}

/** -1 when too little of the query lies on the thumbnail. */
function correlate({ greys }: AlignedQuery, side: number): number {
  const { ncc, overlap } = fitSamples(greys.get(side) ?? NOTHING, samples);
  return overlap < MIN_OVERLAP ? -1 : ncc;
}

const NOTHING = new Float32Array();
