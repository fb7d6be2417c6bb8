import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromVectorBytes, toVectorBytes } from "../../domain/knowledge/vector.ts";
import { createVectorIndex } from "./vector-index.ts";

const DIMENSION = 5;
const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: DIMENSION, maxLength: DIMENSION });
const bytesOf = (numbers: number[]) => toVectorBytes(numbers) ?? new Uint8Array(DIMENSION * 4);
const productOf = (one: number[], other: number[]) => {
  const right = fromVectorBytes(bytesOf(other));
  return fromVectorBytes(bytesOf(one)).reduce((sum, it, at) => sum + it * (right[at] ?? 0), 0);
};

describe("the index of vectors", () => {
  it("has the nearest of what is in it, whatever came and went before", () => {
    const steps = fc.array(fc.tuple(fc.nat(6), fc.array(vector, { maxLength: 4 })), { maxLength: 20 });
    fc.assert(
      fc.property(steps, vector, (changes, asked) => {
        const index = createVectorIndex(DIMENSION);
        const there = new Map<number, { chunk: number; numbers: number[] }[]>();
        let chunk = 0;
        for (const [document, some] of changes) {
          const own = some.map((numbers) => {
            chunk += 1;
            return { chunk, numbers };
          });
          there.set(document, own);
          index.remove(String(document));
          index.add(
            String(document),
            own.map((it) => ({ chunk: it.chunk, bytes: bytesOf(it.numbers) })),
          );
        }

        const nearest = index.nearest(fromVectorBytes(bytesOf(asked)), 3);

        const all = [...there.values()].flat().map((it) => ({ ...it, cosine: productOf(asked, it.numbers) }));
        const wanted = all.sort((one, other) => other.cosine - one.cosine).slice(0, 3);
        const found = nearest.map((it) => all.find((one) => one.chunk === it)?.cosine ?? Number.NaN);
        expect(found).toHaveLength(wanted.length);
        for (const [at, { cosine }] of wanted.entries()) expect(found[at]).toBeCloseTo(cosine, 5);
        expect(new Set(nearest).size).toBe(nearest.length);
      }),
    );
  });

  it("has of equals the lower number first, in whatever order they came", () => {
    const index = createVectorIndex(1);
    index.add(
      "all",
      [4, 2, 9, 3].map((chunk) => ({ chunk, bytes: bytesOf([1]) })),
    );

    expect(index.nearest(new Float32Array([1]), 3)).toEqual([2, 3, 4]);
  });

  it("grows as it must", () => {
    const index = createVectorIndex(2);
    const angle = (n: number) => (n / 1_000) * (Math.PI / 2);
    const vectors = Array.from({ length: 1_000 }, (_none, n) => ({
      chunk: n,
      bytes: bytesOf([Math.cos(angle(n)), Math.sin(angle(n))]),
    }));
    index.add("all", vectors);

    expect(index.nearest(new Float32Array([0, 1]), 2)).toEqual([999, 998]);
    expect(index.nearest(new Float32Array([1, 0]), 1)).toEqual([0]);
  });
});
