import { compareHistograms, HISTOGRAM_LENGTH } from "./colour-histogram.ts";
import { countBits, HASH_BITS, HASH_WORDS } from "./dct-hash.ts";
import { FINGERPRINT_WORDS, HASH_WINDOWS } from "./fingerprint.ts";
import type { QueryView } from "./picture-query.ts";

/** Fingerprints of a gallery, one after the other. heads: the first word of every hash, so that most of a scan reads little. */
export type FingerprintColumns = { heads: Uint32Array; hashes: Uint32Array; histograms: Uint8Array };

/** Per slot: the distance of the nearest hash, the turn it was found by, and the likeness of the colours. */
export type ScanResult = { distances: Uint8Array; dihedrals: Uint8Array; colours: Float32Array };

/** Distances from here on say nothing: half of all bits differ by chance. */
const FAR = HASH_BITS / 2;
/** A hash starts with its lowest frequencies: so many of the first 32 bits off, it is another picture. */
const HOPELESS_BITS = 12;

/** A copy that was cropped is looked for upright and mirrored; every turn of every crop would take three times as long. */
const CROPPED_TURNS = 2;

export function emptyScan(count: number): ScanResult {
  return {
    distances: new Uint8Array(count).fill(FAR),
    dihedrals: new Uint8Array(count),
    colours: new Float32Array(count),
  };
}

/** Compares the slots from first up to end with the view; written flat, since it runs over every picture of the shop. */
export function scanSlots(
  { heads, hashes, histograms }: FingerprintColumns,
  view: QueryView,
  { first, end, isColourful }: { first: number; end: number; isColourful: boolean },
  result: ScanResult,
): void {
  const queryHeads = Uint32Array.from(view.hashes, (hash) => hash[0] ?? 0);
  for (let slot = first; slot < end; slot += 1) {
    let nearest = FAR;
    let dihedral = 0;
    for (const window of view.windows) {
      const turns = window === 0 || window === HASH_WINDOWS - 1 ? queryHeads.length : CROPPED_TURNS;
      const head = heads[slot * HASH_WINDOWS + window] ?? 0;
      for (let turn = 0; turn < turns; turn += 1) {
        const headDistance = countBits(head ^ (queryHeads[turn] ?? 0));
        if (headDistance > HOPELESS_BITS) continue;
        const start = slot * FINGERPRINT_WORDS + window * HASH_WORDS;
        const distance = distanceUpTo(nearest, headDistance, hashes, start, view.hashes[turn] ?? queryHeads);
        if (distance >= nearest) continue;
        nearest = distance;
        dihedral = turn;
      }
    }
    result.distances[slot] = nearest;
    result.dihedrals[slot] = dihedral;
    const histogram = isColourful ? view.histograms[dihedral] : undefined;
    if (histogram !== undefined)
      result.colours[slot] = compareHistograms(histogram, histograms, slot * HISTOGRAM_LENGTH);
  }
}

/** Counts on from the head's distance and stops where it can no longer be the nearest. */
function distanceUpTo(
  limit: number,
  headDistance: number,
  hashes: Uint32Array,
  start: number,
  hash: Uint32Array,
): number {
  let distance = headDistance;
  for (let word = 1; word < HASH_WORDS && distance < limit; word += 1) {
    distance += countBits((hashes[start + word] ?? 0) ^ (hash[word] ?? 0));
  }
  return distance;
}

/** The slots with the largest values; of equals, those that were added first. */
export function topSlots(values: Float32Array, count: number): number[] {
  // The values alone sort fast; sorting slots by a comparison would take longer than the scan.
  const least = values.toSorted()[Math.max(0, values.length - count)] ?? 0;
  const above: number[] = [];
  const level: number[] = [];
  values.forEach((value, slot) => {
    if (value > least) above.push(slot);
    else if (value === least && level.length < count) level.push(slot);
  });
  return [...above, ...level].slice(0, count);
}
