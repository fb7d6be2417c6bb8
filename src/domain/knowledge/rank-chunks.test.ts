import { describe, expect, it } from "vitest";
import { CHUNKS_OF_BLOCK, entryOf, type PostingBlock } from "./posting-block.ts";
import { type Meaning, rankChunks } from "./rank-chunks.ts";

const LENGTH = 10;
/** By chunk, its words. */
const written = (texts: Record<number, string[]>): PostingBlock[] =>
  Object.entries(texts).flatMap(([chunk, words]) =>
    words.map((word) => ({
      word,
      block: Math.floor(Number(chunk) / CHUNKS_OF_BLOCK),
      entries: entryOf(Number(chunk), 1, LENGTH),
    })),
  );
const together = (postings: PostingBlock[]): PostingBlock[] => {
  const rows = new Map<string, PostingBlock>();
  for (const posting of postings) {
    const key = `${posting.block} ${posting.word}`;
    rows.set(key, { ...posting, entries: (rows.get(key)?.entries ?? "") + posting.entries });
  }
  return [...rows.values()];
};
const ranked = (texts: Record<number, string[]>, words: string[], meanings: Meaning[] = [], most = 10) =>
  rankChunks(
    { words, meanings, worth: (word) => (word === "的" ? 1 : 4), usualLength: LENGTH },
    together(written(texts)),
    most,
  ).map(([chunk, share]) => [chunk, Math.round(share * 100) / 100]);

describe("the rank of chunks", () => {
  it("is the share of the question's words, in every block, best first", () => {
    expect(ranked({ 1: ["vpn"], 5000: ["vpn", "慢"], 9000: ["的"] }, ["vpn", "慢", "的"])).toEqual([
      [5_000, 0.89],
      [1, 0.44],
      [9_000, 0.11],
    ]);
  });

  it("counts the best of the ways to say a thing, not their sum", () => {
    const connect = { said: ["连不上"], others: [["无法", "连接"], ["打不开"], ["失败"]] };

    expect(
      ranked({ 1: ["无法", "连接", "打不开", "失败"], 2: ["打不开"], 3: ["无法"] }, ["连不上"], [connect]),
    ).toEqual([
      [1, 0.9],
      [2, 0.9],
      [3, 0.45],
    ]);
  });

  it("gives nothing for another way where the words themselves stand", () => {
    const slow = { said: ["慢"], others: [["卡"]] };

    expect(ranked({ 1: ["慢", "卡"], 2: ["慢"] }, ["慢"], [slow])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("keeps as many as are wanted, of equals the first", () => {
    expect(ranked({ 3: ["vpn"], 1: ["vpn"], 2: ["vpn"], 4: ["vpn", "慢"] }, ["vpn", "慢"], [], 2)).toEqual([
      [4, 1],
      [1, 0.5],
    ]);
  });
});
