import { countBits, HASH_WORDS } from "../../src/integrations/pictures/dct-hash.ts";
import {
  encodeFingerprint,
  type Fingerprint,
  fingerprintPicture,
} from "../../src/integrations/pictures/fingerprint.ts";
import { makePicture } from "./make-picture.ts";
import { createRandom, type Random } from "./random.ts";

const SEED = 3_000_000;
const AT_ONCE = 4;
const SIDE_SHIFT = 7;

export async function makeFingerprints(count: number): Promise<Fingerprint[]> {
  const found: Fingerprint[] = [];
  for (let first = 0; first < count; first += AT_ONCE) {
    const seeds = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) => SEED + first + at);
    const pictures = await Promise.all(seeds.map(makePicture));
    found.push(...(await Promise.all(pictures.map(fingerprintPicture))));
  }
  return found;
}

/**
 * Endless further fingerprints, encoded as the database keeps them: the hashes of one real picture with the bits turned in
 * which two other real pictures differ, and the thumbnail and colours of two of them laid over each other, shifted.
 */
export function* mutate(real: readonly Fingerprint[]): Generator<Uint8Array> {
  const random = createRandom(SEED);
  const any = (): Fingerprint | undefined => real[random.whole(0, real.length - 1)];
  for (;;) {
    const [one, two, three] = [any(), any(), any()];
    if (one === undefined || two === undefined || three === undefined || two === three) continue;
    yield encodeFingerprint(mixed(one, two, three, random));
  }
}

function mixed(one: Fingerprint, two: Fingerprint, three: Fingerprint, random: Random): Fingerprint {
  // The same bits in every window: the windows of a picture stay as alike as they were.
  const hashes = one.hashes.map((word, at) => {
    const bits = at % HASH_WORDS;
    return word ^ (two.hashes[bits] ?? 0) ^ (three.hashes[bits] ?? 0);
  });
  const share = random.between(0.3, 0.7);
  return {
    hashes,
    histogram: blend(one.histogram, two.histogram, share, 0),
    thumbnail: blend(one.thumbnail, two.thumbnail, share, random.whole(-SIDE_SHIFT, SIDE_SHIFT)),
    chroma: blend(one.chroma, two.chroma, share, random.whole(-SIDE_SHIFT, SIDE_SHIFT)),
  };
}

function blend(one: Uint8Array, two: Uint8Array, share: number, shift: number): Uint8Array {
  const { length } = one;
  return one.map((value, at) => value * share + (two[(at + shift + length) % length] ?? 0) * (1 - share));
}

/** How many of 256 bits the nearest window of each fingerprint is away from the hash of each whole picture. */
export function nearestDistances(wholes: readonly Fingerprint[], others: readonly Fingerprint[]): number[] {
  return wholes.flatMap((whole) =>
    others.filter((other) => other !== whole).map((other) => nearest(whole.hashes, other.hashes)),
  );
}

function nearest(whole: Uint32Array, windows: Uint32Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; start < windows.length; start += HASH_WORDS) {
    let distance = 0;
    for (let word = 0; word < HASH_WORDS; word += 1) {
      distance += countBits((whole[word] ?? 0) ^ (windows[start + word] ?? 0));
    }
    least = Math.min(least, distance);
  }
  return least;
}
