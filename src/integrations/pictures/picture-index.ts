import { setImmediate } from "node:timers/promises";
import { HISTOGRAM_LENGTH } from "./colour-histogram.ts";
import { HASH_BITS, HASH_WORDS } from "./dct-hash.ts";
import { FINGERPRINT_WORDS, type Fingerprint, HASH_WINDOWS, THUMBNAIL_SIDE } from "./fingerprint.ts";
import { emptyScan, scanSlots, topSlots } from "./hash-scan.ts";
import { type Alignment, alignCoarsely, alignFinely, type CoarseAlignment } from "./picture-alignment.ts";
import type { PictureQuery, QueryView } from "./picture-query.ts";

/** colour is the likeness of the histograms, 0-1; hash that of the hashes, 0.5 by chance. */
export type PictureMatch = Alignment & { id: string; score: number; hash: number; colour: number };
type Coarse = {
  slot: number;
  hash: number;
  colour: number;
  fused: number;
  dihedral: number;
  view: QueryView;
};

const HISTOGRAM_WEIGHT = 0.35;
/** Slots between two turns of the event loop, about 3 ms. */
const SLICE = 3_000;
const BY_FUSED = 40;
const BY_COLOUR = 60;
/** So many of the candidates are laid over the query exactly. */
const REFINED = 16;
const THUMBNAIL_LENGTH = THUMBNAIL_SIDE ** 2;

/** Fingerprints in flat arrays, so that a scan of all of them is short and leaves nothing to collect. */
export function createPictureIndex() {
  const ids: string[] = [];
  const slots = new Map<string, number>();
  let capacity = 0;
  let heads = new Uint32Array();
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
    for (let window = 0; window < HASH_WINDOWS; window += 1) {
      heads[slot * HASH_WINDOWS + window] = fingerprint.hashes[window * HASH_WORDS] ?? 0;
    }
    histograms.set(fingerprint.histogram, slot * HISTOGRAM_LENGTH);
    thumbnails.set(fingerprint.thumbnail, slot * THUMBNAIL_LENGTH);
  }

  function remove(id: string): void {
    const slot = slots.get(id);
    const lastId = ids.at(-1);
    if (slot === undefined || lastId === undefined) return;
    const last = ids.length - 1;
    // The last one moves into the gap: the arrays stay dense.
    heads.copyWithin(slot * HASH_WINDOWS, last * HASH_WINDOWS, (last + 1) * HASH_WINDOWS);
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
    heads = grown(new Uint32Array(capacity * HASH_WINDOWS), heads);
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
    const rough = [...candidates.values()].map((coarse) => ({ coarse, alignment: layRoughly(coarse) }));
    await setImmediate();
    const best = rough
      .sort((one, other) => promiseOf(other, query.isColourful) - promiseOf(one, query.isColourful))
      .slice(0, Math.max(REFINED, limit));
    return best
      .flatMap((it) => compare(it.coarse, it.alignment, query.isColourful))
      .sort((one, other) => other.score - one.score)
      .slice(0, limit);
  }

  function layRoughly({ slot, dihedral, view }: Coarse): CoarseAlignment {
    // As it is, mirrored, and as the hashes found it.
    return alignCoarsely(view.aligned, thumbnailAt(slot), [...new Set([0, 1, dihedral])]);
  }

  function thumbnailAt(slot: number): Uint8Array {
    return thumbnails.subarray(slot * THUMBNAIL_LENGTH, (slot + 1) * THUMBNAIL_LENGTH);
  }

  async function pick(view: QueryView, isColourful: boolean): Promise<Coarse[]> {
    const count = ids.length;
    const result = emptyScan(count);
    for (let first = 0; first < count; first += SLICE) {
      // Pictures may come and go between slices: the columns are read anew, and slots that are gone are left out.
      const end = Math.min(first + SLICE, count, ids.length);
      scanSlots({ heads, hashes, histograms }, view, { first, end, isColourful }, result);
      if (end < count) await setImmediate();
    }
    const { distances, dihedrals, colours } = result;
    const hashLikeness = (slot: number): number => 1 - (distances[slot] ?? 0) / HASH_BITS;
    const fused = colours.map((colour, slot) => hashLikeness(slot) + HISTOGRAM_WEIGHT * colour);
    const picked = new Set([
      ...topSlots(fused, BY_FUSED),
      ...(isColourful ? topSlots(colours, BY_COLOUR) : []),
    ]);
    return [...picked].map((slot) => ({
      slot,
      hash: hashLikeness(slot),
      colour: colours[slot] ?? 0,
      fused: fused[slot] ?? 0,
      dihedral: dihedrals[slot] ?? 0,
      view,
    }));
  }

  function compare(coarse: Coarse, rough: CoarseAlignment, isColourful: boolean): PictureMatch[] {
    const id = ids[coarse.slot];
    if (id === undefined) return [];
    const { hash, colour } = coarse;
    const alignment = alignFinely(coarse.view.aligned, thumbnailAt(coarse.slot), rough);
    return [{ id, hash, colour, ...alignment, score: scoreOf(alignment, hash, colour, isColourful) }];
  }
}

function promiseOf(
  { coarse, alignment }: { coarse: Coarse; alignment: CoarseAlignment },
  isColourful: boolean,
): number {
  return scoreOf({ ncc: alignment.ncc, worst: 0 }, coarse.hash, coarse.colour, isColourful);
}

function scoreOf(
  { ncc, worst }: Pick<Alignment, "ncc" | "worst">,
  hash: number,
  colour: number,
  isColourful: boolean,
): number {
  const form = 0.6 * Math.max(0, ncc) + 0.2 * Math.max(0, worst) + 0.2 * Math.max(0, 2 * hash - 1);
  const score = isColourful ? 0.8 * form + 0.2 * colour : form;
  return Math.max(0, Math.min(1, score));
}

function grown<Values extends Uint8Array | Uint32Array>(larger: Values, smaller: Values): Values {
  larger.set(smaller);
  return larger;
}
