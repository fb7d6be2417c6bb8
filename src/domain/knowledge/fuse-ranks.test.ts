import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuseRanks } from "./fuse-ranks.ts";

const rankings = fc.array(fc.uniqueArray(fc.nat(30), { maxLength: 20 }), { maxLength: 4 });

describe("the fusion of rankings", () => {
  it("puts what both know before what one of them has first", () => {
    expect(
      fuseRanks([
        ["a", "b", "c"],
        ["d", "b"],
      ]),
    ).toEqual(["b", "a", "d", "c"]);
  });

  it("has everything that is ranked anywhere, once", () => {
    fc.assert(
      fc.property(rankings, (some) => {
        const fused = fuseRanks(some);

        expect(fused).toHaveLength(new Set(some.flat()).size);
        expect(new Set(fused)).toEqual(new Set(some.flat()));
      }),
    );
  });

  it("leaves a ranking as it is beside itself or an empty one", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat()), (ranking) => {
        expect(fuseRanks([ranking, []])).toEqual(ranking);
        expect(fuseRanks([ranking, ranking])).toEqual(ranking);
      }),
    );
  });

  it("never puts an item behind one that it is before in every ranking", () => {
    fc.assert(
      fc.property(rankings, (some) => {
        const fused = fuseRanks(some);
        const places = (item: number) =>
          some.map((ranking) => ranking.indexOf(item)).map((place) => (place < 0 ? Infinity : place));
        for (const [at, item] of fused.entries())
          for (const before of fused.slice(0, at)) {
            const better = places(item).every((place, n) => place < (places(before)[n] ?? Infinity));
            expect(better).toBe(false);
          }
      }),
    );
  });
});
