import { setImmediate } from "node:timers/promises";
import { HISTOGRAM_LENGTH } from "./colour-histogram.ts";
import { HASH_BITS, HASH_WORDS } from "./dct-hash.ts";
import {
  CHROMA_LENGTH,
  CHROMA_SIDE,
  FINGERPRINT_WORDS,
  type Fingerprint,
  HASH_WINDOWS,
  THUMBNAIL_SIDE,
} from "./fingerprint.ts";
import { emptyScan, HEAD_WORDS, scanSlots, topSlots } from "./hash-scan.ts";
import { alignCoarsely, alignFinely, type CoarseAlignment, type Thumbnails } from "./picture-alignment.ts";
import { compareFramings, type Likeness, UNLIKE } from "./picture-likeness.ts";
import type { PictureQuery, QueryView } from "./picture-query.ts";

/** colour is the likeness of the histograms, 0-1; hash that of the hashes, 0.5 by chance. */
export type PictureMatch = Likeness & { id: string; score: number; hash: number; colour: number };
type Coarse = {
  id: string;
  hash: number;
  colour: number;
  fused: number;
  dihedral: number;
  view: QueryView;
};
type Rough = { coarse: Coarse; alignment: CoarseAlignment };

const HISTOGRAM_WEIGHT = 0.35;
/** Of the score. Fitted to changed copies of a thousand pictures and rounded; they sum up to 1. */
const WEIGHTS = { tint: 0.25, hash: 0.3, stray: 0.25, colour: 0.2 };
/** Levels of 256 at which a stray spot leaves half of its weight. */
const HALF_STRAY = 20;
/** Slots between two turns of the event loop, about 3 ms. */
const SLICE = 3_000;
const BY_FUSED = 40;
const BY_COLOUR = 60;
/** So many of the candidates are laid over the query exactly. */
const REFINED = 16;
/** Doubling would waste as much memory as the pictures of a large shop take. */
const GROWTH = 1.25;
/** Of both, what takes about 3 ms. */
const ROUGH_AT_ONCE = 20;
const EXACT_AT_ONCE = 2;
const HEAD_LENGTH = HASH_WINDOWS * HEAD_WORDS;
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
  let chromas = new Uint8Array();

  return { add, remove, search, size: () => ids.length };

  function add(id: string, fingerprint: Fingerprint): void {
    const slot = slots.get(id) ?? ids.length;
    reserve(slot + 1);
    ids[slot] = id;
    slots.set(id, slot);
    hashes.set(fingerprint.hashes, slot * FINGERPRINT_WORDS);
    for (let window = 0; window < HASH_WINDOWS; window += 1) {
      const start = window * HASH_WORDS;
      heads.set(
        fingerprint.hashes.subarray(start, start + HEAD_WORDS),
        slot * HEAD_LENGTH + window * HEAD_WORDS,
      );
    }
    histograms.set(fingerprint.histogram, slot * HISTOGRAM_LENGTH);
    thumbnails.set(fingerprint.thumbnail, slot * THUMBNAIL_LENGTH);
    chromas.set(fingerprint.chroma, slot * CHROMA_LENGTH);
  }

  function remove(id: string): void {
    const slot = slots.get(id);
    const lastId = ids.at(-1);
    if (slot === undefined || lastId === undefined) return;
    const last = ids.length - 1;
    // The last one moves into the gap: the arrays stay dense.
    heads.copyWithin(slot * HEAD_LENGTH, last * HEAD_LENGTH, (last + 1) * HEAD_LENGTH);
    hashes.copyWithin(slot * FINGERPRINT_WORDS, last * FINGERPRINT_WORDS, (last + 1) * FINGERPRINT_WORDS);
    histograms.copyWithin(slot * HISTOGRAM_LENGTH, last * HISTOGRAM_LENGTH, (last + 1) * HISTOGRAM_LENGTH);
    thumbnails.copyWithin(slot * THUMBNAIL_LENGTH, last * THUMBNAIL_LENGTH, (last + 1) * THUMBNAIL_LENGTH);
    chromas.copyWithin(slot * CHROMA_LENGTH, last * CHROMA_LENGTH, (last + 1) * CHROMA_LENGTH);
    ids[slot] = lastId;
    slots.set(lastId, slot);
    slots.delete(id);
    ids.pop();
  }

  function reserve(needed: number): void {
    if (needed <= capacity) return;
    capacity = Math.max(64, needed, Math.ceil(capacity * GROWTH));
    heads = grown(new Uint32Array(capacity * HEAD_LENGTH), heads);
    hashes = grown(new Uint32Array(capacity * FINGERPRINT_WORDS), hashes);
    histograms = grown(new Uint8Array(capacity * HISTOGRAM_LENGTH), histograms);
    thumbnails = grown(new Uint8Array(capacity * THUMBNAIL_LENGTH), thumbnails);
    chromas = grown(new Uint8Array(capacity * CHROMA_LENGTH), chromas);
  }

  /** Two passes: hashes and colours pick candidates among all, laying the pictures over each other ranks them. */
  async function search(query: PictureQuery, limit: number): Promise<PictureMatch[]> {
    const candidates = new Map<string, Coarse>();
    for (const view of query.views) {
      for (const coarse of await pick(view, query.isColourful)) {
        const known = candidates.get(coarse.id);
        if (known === undefined || known.fused < coarse.fused) candidates.set(coarse.id, coarse);
      }
    }
    const rough = await mapInTurns([...candidates.values()], ROUGH_AT_ONCE, layRoughly);
    const best = rough
      .flat()
      .sort((one, other) => promiseOf(other, query.isColourful) - promiseOf(one, query.isColourful))
      .slice(0, Math.max(REFINED, limit));
    const compared = await mapInTurns(best, EXACT_AT_ONCE, (it) => compare(it, query.isColourful));
    return compared
      .flat()
      .sort((one, other) => other.score - one.score)
      .slice(0, limit);
  }

  /** Nothing when the picture was removed meanwhile. */
  function layRoughly(coarse: Coarse): Rough[] {
    const { id, dihedral, view } = coarse;
    const slot = slots.get(id);
    if (slot === undefined) return [];
    // As it is, mirrored, and as the hashes found it.
    const dihedrals = [...new Set([0, 1, dihedral])];
    return [{ coarse, alignment: alignCoarsely(view.aligned, thumbnailsAt(slot).grey, dihedrals) }];
  }

  function thumbnailsAt(slot: number): Thumbnails {
    const middle = CHROMA_LENGTH * (slot + 0.5);
    return {
      grey: {
        pixels: thumbnails.subarray(slot * THUMBNAIL_LENGTH, (slot + 1) * THUMBNAIL_LENGTH),
        side: THUMBNAIL_SIDE,
      },
      blue: { pixels: chromas.subarray(slot * CHROMA_LENGTH, middle), side: CHROMA_SIDE },
      red: { pixels: chromas.subarray(middle, (slot + 1) * CHROMA_LENGTH), side: CHROMA_SIDE },
    };
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
      id: ids[slot] ?? "",
      hash: hashLikeness(slot),
      colour: colours[slot] ?? 0,
      fused: fused[slot] ?? 0,
      dihedral: dihedrals[slot] ?? 0,
      view,
    }));
  }

  function compare({ coarse, alignment }: Rough, isColourful: boolean): PictureMatch[] {
    const { id, hash, colour, view } = coarse;
    const slot = slots.get(id);
    if (slot === undefined) return [];
    const picture = thumbnailsAt(slot);
    const placement = alignFinely(view.aligned, picture.grey, alignment);
    const likeness = placement === null ? UNLIKE : compareFramings(view.aligned, picture, placement);
    return [{ id, hash, colour, ...likeness, score: scoreOf(likeness, hash, colour, isColourful) }];
  }
}

/** Lets the event loop turn after every few. */
async function mapInTurns<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  map: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    results.push(map(item));
    if (results.length % atOnce === 0) await setImmediate();
  }
  return results;
}

/** What the rough overlay promises: as the score, without what only the exact one tells. */
function promiseOf({ coarse, alignment }: Rough, isColourful: boolean): number {
  const form = WEIGHTS.tint + WEIGHTS.stray;
  const promise = form * Math.max(0, alignment.ncc) + WEIGHTS.hash * Math.max(0, 2 * coarse.hash - 1);
  return isColourful ? promise + WEIGHTS.colour * coarse.colour : promise;
}

function scoreOf({ tint, stray }: Likeness, hash: number, colour: number, isColourful: boolean): number {
  const form =
    WEIGHTS.tint * Math.max(0, tint) +
    WEIGHTS.hash * Math.max(0, 2 * hash - 1) +
    WEIGHTS.stray / (1 + stray / HALF_STRAY);
  // A grey query says nothing of colours: the rest is the whole.
  const score = isColourful ? form + WEIGHTS.colour * colour : form / (1 - WEIGHTS.colour);
  return Math.max(0, Math.min(1, score));
}

function grown<Values extends Uint8Array | Uint32Array>(larger: Values, smaller: Values): Values {
  larger.set(smaller);
  return larger;
}
