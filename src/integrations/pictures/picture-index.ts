import { setImmediate } from "node:timers/promises";
import { compareHistograms, HISTOGRAM_LENGTH } from "./colour-histogram.ts";
import { countBits, HASH_BITS, HASH_WORDS } from "./dct-hash.ts";
import { type Fingerprint, FINGERPRINT_WORDS, HASH_WINDOWS, THUMBNAIL_SIDE } from "./fingerprint.ts";
import { alignPictures, type Alignment } from "./picture-alignment.ts";
import type { PictureQuery, QueryView } from "./picture-query.ts";

/** colour is the likeness of the histograms, 0-1; hash that of the hashes, 0.5 by chance. */
export type PictureMatch = Alignment & { id: string; score: number; hash: number; colour: number };
type Coarse = { slot: number; hash: number; colour: number; fused: number; dihedral: number; view: QueryView };

const HISTOGRAM_WEIGHT = 0.35;
/** The first two words of a hash hold its lowest frequencies: this far off there, it is another picture. */
const HOPELESS_BITS = 24;
const SLICE = 4_000;
const BY_FUSED = 40;
const BY_COLOUR = 30;
const THUMBNAIL_LENGTH = THUMBNAIL_SIDE ** 2;

/** Fingerprints in flat arrays, so that a scan of all of them is short and leaves nothing to collect. */
export function createPictureIndex() {
  const ids: string[] = [];
  const slots = new Map<string, number>();
  let capacity = 0;
  let hashes = new Uint32Array();
  let histograms = new Uint8Array();
  let thumbnails = new Uint8Array();

  return { add, remove, search, size: () => ids.length };

  function add(id: string, fingerprint: Fingerprint): void {
    const slot = slots.get(id) ?? ids.length;
    reserve(slot + 1);
    ids[slot] = id;
    slots.set(id, slot);
    hashes.set(fingerprint.hashes, slot * FINGERPRINT_WORDS);
    histograms.set(fingerprint.histogram, slot * HISTOGRAM_LENGTH);
    thumbnails.set(fingerprint.thumbnail, slot * THUMBNAIL_LENGTH);
  }

  function remove(id: string): void {
    const slot = slots.get(id);
    const lastId = ids.at(-1);
    if (slot === undefined || lastId === undefined) return;
    const last = ids.length - 1;
    // The last one moves into the gap: the arrays stay dense.
    hashes.copyWithin(slot * FINGERPRINT_WORDS, last * FINGERPRINT_WORDS, (last + 1) * FINGERPRINT_WORDS);
    histograms.copyWithin(slot * HISTOGRAM_LENGTH, last * HISTOGRAM_LENGTH, (last + 1) * HISTOGRAM_LENGTH);
    thumbnails.copyWithin(slot * THUMBNAIL_LENGTH, last * THUMBNAIL_LENGTH, (last + 1) * THUMBNAIL_LENGTH);
    ids[slot] = lastId;
    slots.set(lastId, slot);
    slots.delete(id);
    ids.pop();
  }

  function reserve(needed: number): void {
    if (needed <= capacity) return;
    capacity = Math.max(64, needed, capacity * 2);
    hashes = grown(new Uint32Array(capacity * FINGERPRINT_WORDS), hashes);
    histograms = grown(new Uint8Array(capacity * HISTOGRAM_LENGTH), histograms);
    thumbnails = grown(new Uint8Array(capacity * THUMBNAIL_LENGTH), thumbnails);
  }

  /** Two passes: hashes and colours pick candidates among all, laying the pictures over each other ranks them. */
  async function search(query: PictureQuery, limit: number): Promise<PictureMatch[]> {
    const candidates = new Map<number, Coarse>();
    for (const view of query.views) {
      for (const coarse of await pick(view, query.isColourful)) {
        const known = candidates.get(coarse.slot);
        if (known === undefined || known.fused < coarse.fused) candidates.set(coarse.slot, coarse);
      }
    }
    const matches: PictureMatch[] = [];
    for (const coarse of candidates.values()) {
      const match = compare(query, coarse);
      if (match !== null) matches.push(match);
      if (matches.length % 16 === 0) await setImmediate();
    }
    return matches.sort((one, other) => other.score - one.score).slice(0, limit);
  }

  async function pick(view: QueryView, isColourful: boolean): Promise<Coarse[]> {
    const found: Coarse[] = [];
    const count = ids.length;
    for (let first = 0; first < count; first += SLICE) {
      const end = Math.min(first + SLICE, ids.length);
      for (let slot = first; slot < end; slot += 1) found.push(coarseAt(slot, view, isColourful));
      // Others get their turn between slices.
      if (end < count) await setImmediate();
    }
    const byFused = topBy(found, BY_FUSED, (it) => it.fused);
    return isColourful ? [...byFused, ...topBy(found, BY_COLOUR, (it) => it.colour)] : byFused;
  }

  function coarseAt(slot: number, view: QueryView, isColourful: boolean): Coarse {
    let nearest = HASH_BITS / 2;
    let dihedral = 0;
    view.hashes.forEach((hash, turned) => {
      const distance = nearestWindow(hashes, slot * FINGERPRINT_WORDS, hash, nearest);
      if (distance >= nearest) return;
      nearest = distance;
      dihedral = turned;
    });
    const colour = isColourful
      ? compareHistograms(view.histograms[dihedral] ?? view.histograms[0] ?? new Uint8Array(), histograms, slot * HISTOGRAM_LENGTH)
      : 0;
    const hash = 1 - nearest / HASH_BITS;
    return { slot, hash, colour, fused: hash + HISTOGRAM_WEIGHT * colour, dihedral, view };
  }

  function compare(query: PictureQuery, { slot, hash, colour, dihedral }: Coarse): PictureMatch | null {
    const id = ids[slot];
    if (id === undefined) return null;
    const thumbnail = thumbnails.subarray(slot * THUMBNAIL_LENGTH, (slot + 1) * THUMBNAIL_LENGTH);
    // As it is, mirrored, and as the hashes found it.
    const dihedrals = [...new Set([0, 1, dihedral])];
    const best = query.views
      .map((view) => alignPictures(view.aligned, thumbnail, dihedrals))
      .reduce((one, other) => (other.ncc > one.ncc ? other : one));
    return { id, hash, colour, ...best, score: scoreOf(best, hash, colour, query.isColourful) };
  }
}

function scoreOf({ ncc, worst }: Alignment, hash: number, colour: number, isColourful: boolean): number {
  const form = 0.6 * Math.max(0, ncc) + 0.2 * Math.max(0, worst) + 0.2 * Math.max(0, 2 * hash - 1);
  const score = isColourful ? 0.8 * form + 0.2 * colour : form;
  return Math.max(0, Math.min(1, score));
}

/** The smallest distance of the hash to any window of an item, or the given limit when none is nearer. */
function nearestWindow(hashes: Uint32Array, start: number, hash: Uint32Array, limit: number): number {
  const first = hash[0] ?? 0;
  const second = hash[1] ?? 0;
  let nearest = limit;
  for (let at = start; at < start + HASH_WINDOWS * HASH_WORDS; at += HASH_WORDS) {
    let distance = countBits((hashes[at] ?? 0) ^ first) + countBits((hashes[at + 1] ?? 0) ^ second);
    if (distance > HOPELESS_BITS) continue;
    for (let word = 2; word < HASH_WORDS && distance < nearest; word += 1) {
      distance += countBits((hashes[at + word] ?? 0) ^ (hash[word] ?? 0));
    }
    if (distance < nearest) nearest = distance;
  }
  return nearest;
}

function topBy(all: Coarse[], count: number, valueOf: (it: Coarse) => number): Coarse[] {
  // Sorting all of a large gallery would take longer than scanning it.
  const values = Float64Array.from(all, valueOf).sort();
  const least = values[Math.max(0, values.length - count)] ?? 0;
  return all.filter((it) => valueOf(it) >= least).slice(0, 2 * count);
}

function grown<Values extends Uint8Array | Uint32Array>(larger: Values, smaller: Values): Values {
  larger.set(smaller);
  return larger;
}
