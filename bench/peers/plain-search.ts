import {
  compareHistograms,
  makeHistogram,
  turnHistogram,
} from "../../src/integrations/pictures/colour-histogram.ts";
import {
  countBits,
  DIHEDRALS,
  HASH_BITS,
  HASH_GRID_SIDE,
  hashOf,
  transformGrid,
  turnFrequencies,
} from "../../src/integrations/pictures/dct-hash.ts";
import {
  findInner,
  type MapWindow,
  type PictureMap,
  readMap,
  sampleGrey,
  WHOLE,
} from "../../src/integrations/pictures/picture-map.ts";

const HISTOGRAM_WEIGHT = 0.35;
const WINDOWS: MapWindow[] = [WHOLE, ...cropWindows(0.85, 3), ...cropWindows(0.65, 4)];

type PlainItem = { id: string; hashes: Uint32Array[]; histogram: Uint8Array };

/**
 * The plain method: 256-bit DCT hashes of 26 windows and of the trimmed picture, the query as it is and trimmed, each in
 * eight turns, and 0.35 times the likeness of the colours of each quarter. Every hash is compared in full, nothing is
 * ranked again.
 */
export function createPlainSearch() {
  const items: PlainItem[] = [];

  return {
    async add(id: string, bytes: Uint8Array): Promise<void> {
      const map = await readMap(bytes);
      const windows = [...WINDOWS, findInner(map) ?? WHOLE];
      const hashes = windows.map((window) => hashOf(frequenciesOf(map, window)));
      items.push({ id, hashes, histogram: makeHistogram(map, WHOLE) });
    },

    /** The id of the best, or null in an empty gallery. */
    async search(bytes: Uint8Array): Promise<string | null> {
      const map = await readMap(bytes);
      const inner = findInner(map);
      const turns = (inner === null ? [WHOLE] : [WHOLE, inner]).flatMap((window) => turnsOf(map, window));
      let best: { id: string; score: number } | null = null;
      for (const item of items) {
        for (const turn of turns) {
          const score = scoreAbove(best?.score ?? 0, item, turn);
          if (score !== null) best = { id: item.id, score };
        }
      }
      return best?.id ?? null;
    },
  };
}

type Turn = { hash: Uint32Array; histogram: Uint8Array };

function turnsOf(map: PictureMap, window: MapWindow): Turn[] {
  const frequencies = frequenciesOf(map, window);
  const histogram = makeHistogram(map, window);
  return Array.from({ length: DIHEDRALS }, (_, dihedral) => ({
    hash: hashOf(turnFrequencies(frequencies, dihedral)),
    histogram: turnHistogram(histogram, dihedral),
  }));
}

function frequenciesOf(map: PictureMap, window: MapWindow): Float64Array {
  return transformGrid(sampleGrey(map, window, HASH_GRID_SIDE));
}

/** Null when it is not above the least: then counting stops early, with the same result as counting all bits. */
function scoreAbove(least: number, { hashes, histogram }: PlainItem, turn: Turn): number | null {
  const colour = HISTOGRAM_WEIGHT * compareHistograms(turn.histogram, histogram);
  let limit = (1 + colour - least) * HASH_BITS;
  let score: number | null = null;
  for (const hash of hashes) {
    let distance = 0;
    for (let word = 0; word < hash.length && distance < limit; word += 1) {
      distance += countBits((hash[word] ?? 0) ^ (turn.hash[word] ?? 0));
    }
    if (distance >= limit) continue;
    limit = distance;
    score = 1 - distance / HASH_BITS + colour;
  }
  return score;
}

function cropWindows(size: number, steps: number): MapWindow[] {
  return Array.from({ length: steps * steps }, (_, at) => ({
    left: ((at % steps) * (1 - size)) / (steps - 1),
    top: (Math.floor(at / steps) * (1 - size)) / (steps - 1),
    width: size,
    height: size,
  }));
}
