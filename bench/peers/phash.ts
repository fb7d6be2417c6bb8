import { createRequire } from "node:module";

type Phash = (bytes: Uint8Array) => Promise<string>;

// CommonJS whose types promise an ES default export that is not there.
const phash = createRequire(import.meta.url)("sharp-phash") as Phash;

/** sharp-phash: the nearest of 64-bit hashes. */
export function createPhashSearch() {
  const items: { id: string; hash: bigint }[] = [];

  return {
    async add(id: string, bytes: Uint8Array): Promise<void> {
      items.push({ id, hash: await hashOf(bytes) });
    },

    /** The id of the best, or null in an empty gallery. */
    async search(bytes: Uint8Array): Promise<string | null> {
      const hash = await hashOf(bytes);
      let best: { id: string; distance: number } | null = null;
      for (const item of items) {
        const distance = countDifferent(hash ^ item.hash);
        if (best === null || distance < best.distance) best = { id: item.id, distance };
      }
      return best?.id ?? null;
    },
  };
}

async function hashOf(bytes: Uint8Array): Promise<bigint> {
  return BigInt(`0b${await phash(bytes)}`);
}

function countDifferent(bits: bigint): number {
  return bits.toString(2).replaceAll("0", "").length;
}
