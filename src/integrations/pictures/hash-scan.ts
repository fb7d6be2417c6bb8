import { type FilledBins, HISTOGRAM_LENGTH, HISTOGRAM_TOTAL } from "./colour-histogram.ts";
import { countBits, HASH_BITS, HASH_WORDS } from "./dct-hash.ts";
import { HASH_WINDOWS } from "./fingerprint.ts";
import type { QueryView } from "./picture-query.ts";

/** Fingerprints of a gallery, one after the other. heads: the first words of every hash, so that most of a scan reads little. */
export type FingerprintColumns = { heads: Uint32Array; hashes: Uint32Array; histograms: Uint8Array };

/** Per slot: the distance of the nearest hash, the turn it was found by, and the likeness of the colours. */
export type ScanResult = { distances: Uint8Array; dihedrals: Uint8Array; colours: Float32Array };

export const HEAD_WORDS = 2;
/** Distances from here on say nothing: half of all bits differ by chance. */
const FAR = HASH_BITS / 2;
/** A hash starts with its lowest frequencies: so many of the first 32 or 64 bits off, it is another picture. */
const HOPELESS_BITS = 12;
const HOPELESS_HEAD_BITS = 24;

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
  const firstWords = Uint32Array.from(view.hashes, (hash) => hash[0] ?? 0);
  const secondWords = Uint32Array.from(view.hashes, (hash) => hash[1] ?? 0);
  const upright = isColourful ? view.colours[0] : undefined;
  for (let slot = first; slot < end; slot += 1) {
    let nearest = FAR;
    let dihedral = 0;
    for (const window of view.windows) {
      const turns = window === 0 || window === HASH_WINDOWS - 1 ? firstWords.length : CROPPED_TURNS;
      const at = slot * HASH_WINDOWS + window;
      const head = heads[HEAD_WORDS * at] ?? 0;
      for (let turn = 0; turn < turns; turn += 1) {
        const firstDistance = countBits(head ^ (firstWords[turn] ?? 0));
        if (firstDistance > HOPELESS_BITS) continue;
        const second = (heads[HEAD_WORDS * at + 1] ?? 0) ^ (secondWords[turn] ?? 0);
        const headDistance = firstDistance + countBits(second);
        if (headDistance > HOPELESS_HEAD_BITS) continue;
        const hash = view.hashes[turn] ?? firstWords;
        const distance = distanceUpTo(nearest, headDistance, hashes, at * HASH_WORDS, hash);
        if (distance >= nearest) continue;
        nearest = distance;
        dihedral = turn;
      }
    }
    result.distances[slot] = nearest;
    result.dihedrals[slot] = dihedral;
    if (upright === undefined) continue;
    const start = slot * HISTOGRAM_LENGTH;
    const turned = dihedral === 0 ? undefined : view.colours[dihedral];
    const likeness = sharedColours(upright, histograms, start);
    result.colours[slot] =
      turned === undefined ? likeness : Math.max(likeness, sharedColours(turned, histograms, start));
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
  for (let word = HEAD_WORDS; word < HASH_WORDS && distance < limit; word += 1) {
    distance += countBits((hashes[start + word] ?? 0) ^ (hash[word] ?? 0));
  }
  return distance;
}

/** As compareHistograms, over the filled bins only. */
function sharedColours({ places, counts }: FilledBins, histograms: Uint8Array, start: number): number {
  let shared = 0;
  for (let at = 0; at < places.length; at += 1) {
    const its = histograms[start + (places[at] ?? 0)] ?? 0;
    const ours = counts[at] ?? 0;
    shared += Math.min(its, ours);
  }
  return Math.min(1, shared / HISTOGRAM_TOTAL);
}

const STEPS = 4096;

/** The slots with the largest values of 0-2; of nearly equal ones, those that were added first. */
export function topSlots(values: Float32Array, count: number): number[] {
  // Counting finds where the best end in one pass; sorting a hundred thousand would take longer than comparing them.
  const tally = new Uint32Array(STEPS);
  for (let slot = 0; slot < values.length; slot += 1) {
    const step = stepOf(values[slot] ?? 0);
    tally[step] = (tally[step] ?? 0) + 1;
  }
  let least = STEPS - 1;
  for (let above = tally[least] ?? 0; above < count && least > 0; above += tally[least] ?? 0) least -= 1;
  const found: number[] = [];
  for (let slot = 0; slot < values.length; slot += 1) {
    if (stepOf(values[slot] ?? 0) >= least) found.push(slot);
  }
  return found.sort((one, other) => (values[other] ?? 0) - (values[one] ?? 0) || one - other).slice(0, count);
}

function stepOf(value: number): number {
  return Math.min(STEPS - 1, Math.max(0, value * (STEPS / 2))) | 0;
}
