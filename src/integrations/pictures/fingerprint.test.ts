import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { countBits, HASH_GRID_SIDE, HASH_WORDS, hashOf, transformGrid, turnFrequencies } from "./dct-hash.ts";
import {
  decodeFingerprint,
  encodeFingerprint,
  FINGERPRINT_WORDS,
  fingerprintPicture,
} from "./fingerprint.ts";
import { readQuery } from "./picture-query.ts";

const SIDE = HASH_GRID_SIDE;

function distance(one: Uint32Array, other: Uint32Array): number {
  return one.slice(0, HASH_WORDS).reduce((sum, word, at) => sum + countBits(word ^ (other[at] ?? 0)), 0);
}

/** Soft spots at places the numbers say. */
function aGrid(numbers: number[]): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const x = at % SIDE;
    const y = Math.floor(at / SIDE);
    return numbers.reduce((sum, number, spot) => {
      const dx = x - ((number * 7 + spot * 13) % SIDE);
      const dy = y - ((number * 11 + spot * 29) % SIDE);
      return sum + 90 * Math.exp(-(dx * dx + dy * dy) / 40);
    }, 0);
  });
}

function turnGrid(grid: Float32Array, dihedral: number): Float32Array {
  return Float32Array.from(grid, (_, at) => {
    let x = at % SIDE;
    let y = Math.floor(at / SIDE);
    if ((dihedral & 1) !== 0) x = SIDE - 1 - x;
    if ((dihedral & 2) !== 0) y = SIDE - 1 - y;
    if ((dihedral & 4) !== 0) [x, y] = [y, x];
    return grid[y * SIDE + x] ?? 0;
  });
}

const picture = async (background: string) => {
  const spot = await sharp({ create: { width: 60, height: 40, channels: 3, background: "#204080" } })
    .png()
    .toBuffer();
  return await sharp({ create: { width: 240, height: 160, channels: 3, background } })
    .composite([{ input: spot, left: 30, top: 90 }])
    .png()
    .toBuffer();
};

describe("the hash", () => {
  it("of turned frequencies is that of the turned picture, for all eight ways", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(63), { minLength: 3, maxLength: 9 }), fc.nat(7), (numbers, dihedral) => {
        const grid = aGrid(numbers);
        const turned = hashOf(turnFrequencies(transformGrid(grid), dihedral));
        // A bit or two on the median may fall either way.
        expect(distance(turned, hashOf(transformGrid(turnGrid(grid, dihedral))))).toBeLessThanOrEqual(4);
      }),
      { numRuns: 60 },
    );
  });

  it("does not change with brightness and contrast", () => {
    const grid = aGrid([3, 17, 44, 58]);
    const dim = grid.map((value) => value * 0.4 + 60);

    expect(distance(hashOf(transformGrid(grid)), hashOf(transformGrid(dim)))).toBeLessThanOrEqual(2);
  });

  it("counts bits as their definition says", () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        expect(countBits(word)).toBe((word >>> 0).toString(2).replaceAll("0", "").length);
      }),
    );
  });
});

describe("the fingerprint", () => {
  it("comes back whole from its bytes, also from the middle of a buffer", async () => {
    const fingerprint = await fingerprintPicture(await picture("#f0d0a0"));
    const bytes = encodeFingerprint(fingerprint);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);

    expect(decodeFingerprint(bytes)).toEqual(fingerprint);
    expect(decodeFingerprint(shifted.subarray(3))).toEqual(fingerprint);
    expect(fingerprint.hashes).toHaveLength(FINGERPRINT_WORDS);
  });

  it("throws bad-fingerprint when the bytes are of another version or cut", async () => {
    const bytes = encodeFingerprint(await fingerprintPicture(await picture("#f0d0a0")));

    expect(() => decodeFingerprint(bytes.subarray(1))).toThrow(
      expect.objectContaining({ code: "bad-fingerprint" }),
    );
    bytes[0] = 9;
    expect(() => decodeFingerprint(bytes)).toThrow(expect.objectContaining({ code: "bad-fingerprint" }));
  });

  it("is taken from grey, see-through and one-coloured pictures too", async () => {
    const bytes = await picture("#f0d0a0");

    await expect(fingerprintPicture(await sharp(bytes).greyscale().png().toBuffer())).resolves.toBeDefined();
    await expect(
      fingerprintPicture(await sharp(bytes).ensureAlpha(0.5).png().toBuffer()),
    ).resolves.toBeDefined();
    const plain = sharp({ create: { width: 1, height: 1, channels: 3, background: "#000" } });
    await expect(fingerprintPicture(await plain.png().toBuffer())).resolves.toBeDefined();
  });

  it("sees a query with a border also without it", async () => {
    const bytes = await picture("#f0d0a0");
    const bordered = await sharp(bytes)
      .extend({ top: 40, bottom: 40, left: 40, right: 40, background: "#000" })
      .png()
      .toBuffer();

    const [, inner] = (await readQuery(bordered)).views;
    const whole = await fingerprintPicture(bytes);

    expect(distance(inner?.hashes[0] ?? new Uint32Array(8), whole.hashes)).toBeLessThan(48);
  });
});
