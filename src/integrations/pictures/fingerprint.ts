import { AppError } from "../../domain/errors.ts";
import { HISTOGRAM_LENGTH, makeHistogram } from "./colour-histogram.ts";
import { HASH_GRID_SIDE, HASH_WORDS, hashOf, transformGrid } from "./dct-hash.ts";
import {
  findInner,
  type MapWindow,
  type PictureMap,
  readMap,
  sampleChroma,
  sampleGrey,
  WHOLE,
} from "./picture-map.ts";

/** What a gallery keeps of a picture to find it again by a changed copy. */
export type Fingerprint = {
  /** HASH_WINDOWS hashes of HASH_WORDS words: the whole, 25 crops, and the picture without its border. */
  hashes: Uint32Array;
  histogram: Uint8Array;
  /** A small grey picture, for laying one over the other. */
  thumbnail: Uint8Array;
  /** A smaller one of the two axes of colour, one after the other, each around CHROMA_ZERO. */
  chroma: Uint8Array;
};

export const THUMBNAIL_SIDE = 32;
export const CHROMA_SIDE = 16;
export const CHROMA_LENGTH = 2 * CHROMA_SIDE ** 2;
export const CHROMA_ZERO = 128;
const WINDOWS: MapWindow[] = [WHOLE, ...cropWindows(0.85, 3), ...cropWindows(0.65, 4)];
export const HASH_WINDOWS = WINDOWS.length + 1;
export const FINGERPRINT_WORDS = HASH_WINDOWS * HASH_WORDS;

const VERSION = 2;
const HEADER_BYTES = 4;
const ENCODED_BYTES =
  HEADER_BYTES + FINGERPRINT_WORDS * 4 + HISTOGRAM_LENGTH + THUMBNAIL_SIDE ** 2 + CHROMA_LENGTH;

function cropWindows(size: number, steps: number): MapWindow[] {
  return Array.from({ length: steps * steps }, (_, at) => ({
    left: ((at % steps) * (1 - size)) / (steps - 1),
    top: (Math.floor(at / steps) * (1 - size)) / (steps - 1),
    width: size,
    height: size,
  }));
}

/** Throws what sharp throws when the bytes are no picture: gallery pictures came through the one door. */
export async function fingerprintPicture(bytes: Uint8Array): Promise<Fingerprint> {
  const map = await readMap(bytes);
  const hashes = new Uint32Array(FINGERPRINT_WORDS);
  [...WINDOWS, findInner(map) ?? WHOLE].forEach((window, at) => {
    hashes.set(hashOf(transformGrid(sampleGrey(map, window, HASH_GRID_SIDE))), at * HASH_WORDS);
  });
  return { hashes, histogram: makeHistogram(map, WHOLE), ...makeThumbnails(map) };
}

function makeThumbnails(map: PictureMap): Pick<Fingerprint, "thumbnail" | "chroma"> {
  return {
    thumbnail: Uint8Array.from(sampleGrey(map, WHOLE, THUMBNAIL_SIDE), Math.round),
    chroma: Uint8Array.from(sampleChroma(map, WHOLE, CHROMA_SIDE), (value) =>
      Math.round(value + CHROMA_ZERO),
    ),
  };
}

/** For a row of the database. */
export function encodeFingerprint({ hashes, histogram, thumbnail, chroma }: Fingerprint): Uint8Array {
  const bytes = new Uint8Array(ENCODED_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  // Word by word: the order of bytes must not depend on the machine.
  hashes.forEach((word, at) => {
    view.setUint32(HEADER_BYTES + 4 * at, word, true);
  });
  bytes.set(histogram, HEADER_BYTES + 4 * FINGERPRINT_WORDS);
  bytes.set(thumbnail, HEADER_BYTES + 4 * FINGERPRINT_WORDS + HISTOGRAM_LENGTH);
  bytes.set(chroma, ENCODED_BYTES - CHROMA_LENGTH);
  return bytes;
}

/** Throws AppError("bad-fingerprint") when the bytes are of another version: the picture must be indexed again. */
export function decodeFingerprint(bytes: Uint8Array): Fingerprint {
  if (bytes.length !== ENCODED_BYTES || bytes[0] !== VERSION) {
    throw new AppError("bad-fingerprint", `not a fingerprint of version ${VERSION}: ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const histogramAt = HEADER_BYTES + 4 * FINGERPRINT_WORDS;
  const thumbnailAt = histogramAt + HISTOGRAM_LENGTH;
  return {
    hashes: Uint32Array.from({ length: FINGERPRINT_WORDS }, (_, at) =>
      view.getUint32(HEADER_BYTES + 4 * at, true),
    ),
    histogram: bytes.slice(histogramAt, thumbnailAt),
    thumbnail: bytes.slice(thumbnailAt, ENCODED_BYTES - CHROMA_LENGTH),
    chroma: bytes.slice(ENCODED_BYTES - CHROMA_LENGTH),
  };
}
