import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHUNKS_OF_BLOCK, countOf, eachEntry, entryOf, withoutChunks } from "./posting-block.ts";

type Entry = [place: number, times: number, length: number];
const anyEntries = fc.uniqueArray(
  fc.tuple(
    fc.integer({ min: 0, max: CHUNKS_OF_BLOCK - 1 }),
    fc.integer({ min: 1, max: 63 }),
    fc.integer({ min: 1, max: 4_095 }),
  ),
  { selector: ([place]) => place },
);
const written = (entries: readonly Entry[], block = 0) =>
  entries.map(([place, times, length]) => entryOf(block * CHUNKS_OF_BLOCK + place, times, length)).join("");
const read = (text: string): Entry[] => {
  const found: Entry[] = [];
  eachEntry(text, (...entry) => found.push(entry));
  return found;
};

describe("a block of postings", () => {
  it("is read as it was written, in every block", () => {
    fc.assert(
      fc.property(anyEntries, fc.integer({ min: 0, max: 1_000 }), (entries, block) => {
        expect(read(written(entries, block))).toEqual(entries);
        expect(countOf(written(entries, block))).toBe(entries.length);
      }),
    );
  });

  it("keeps the others when chunks go", () => {
    fc.assert(
      fc.property(anyEntries, fc.nat({ max: 20 }), (entries, many) => {
        const gone = new Set(entries.slice(0, many).map(([place]) => place));

        expect(read(withoutChunks(written(entries), gone))).toEqual(entries.slice(many));
      }),
    );
  });

  it("writes the most it can for what is more", () => {
    expect(read(entryOf(7, 1_000, 100_000))).toEqual([[7, 63, 4_095]]);
  });
});
