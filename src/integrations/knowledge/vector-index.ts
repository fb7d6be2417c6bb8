import type { ChunkVector } from "../../domain/knowledge/ports.ts";
import { fromVectorBytes } from "../../domain/knowledge/vector.ts";

const ROOM_AT_FIRST = 256;

export type VectorIndex = {
  dimension: number;
  /** Beside what that document has. */
  add(document: string, vectors: readonly ChunkVector[]): void;
  remove(document: string): void;
  /** Numbers of the chunks with the highest cosine to that vector of length 1, best first; every vector is looked at. */
  nearest(vector: Float32Array, most: number): number[];
};

/** Vectors of one dimension in memory, side by side: `dimension` × 4 bytes for each chunk, and room for as many again. */
export function createVectorIndex(dimension: number): VectorIndex {
  let numbers = new Float32Array(ROOM_AT_FIRST * dimension);
  const chunks: number[] = [];
  const placeOf = new Map<number, number>();
  const chunksOf = new Map<string, number[]>();

  return {
    dimension,
    add(document, vectors) {
      const own = chunksOf.get(document) ?? [];
      chunksOf.set(document, own);
      for (const { chunk, bytes } of vectors) {
        own.push(chunk);
        addChunk(chunk, fromVectorBytes(bytes));
      }
    },

    remove(document) {
      for (const chunk of chunksOf.get(document) ?? []) removeChunk(chunk);
      chunksOf.delete(document);
    },

    nearest(vector, most) {
      const best: [chunk: number, cosine: number][] = [];
      for (const [place, chunk] of chunks.entries()) {
        const cosine = product(vector, numbers, place * dimension);
        const isBehind = ([other, its]: [number, number]) =>
          its < cosine || (its === cosine && other > chunk);
        const last = best.at(-1);
        if (last !== undefined && best.length >= most && !isBehind(last)) continue;
        const at = best.findIndex(isBehind);
        best.splice(at < 0 ? best.length : at, 0, [chunk, cosine]);
        if (best.length > most) best.pop();
      }
      return best.map(([chunk]) => chunk);
    },
  };

  function addChunk(chunk: number, vector: Float32Array): void {
    if ((chunks.length + 1) * dimension > numbers.length) {
      const wider = new Float32Array(2 * numbers.length);
      wider.set(numbers);
      numbers = wider;
    }
    numbers.set(vector, chunks.length * dimension);
    placeOf.set(chunk, chunks.length);
    chunks.push(chunk);
  }

  /** The last one takes its place. */
  function removeChunk(chunk: number): void {
    const place = placeOf.get(chunk);
    const last = chunks.pop();
    if (place === undefined || last === undefined) return;
    placeOf.delete(chunk);
    if (last === chunk) return;
    numbers.copyWithin(place * dimension, chunks.length * dimension, (chunks.length + 1) * dimension);
    chunks[place] = last;
    placeOf.set(last, place);
  }
}

/** Of the whole vector with as many numbers from there on. Twice as fast with all it reads handed in. */
function product(vector: Float32Array, numbers: Float32Array, from: number): number {
  // Four sums, so that none waits for the one before it.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let at = 0;
  for (; at + 3 < vector.length; at += 4) {
    a += (vector[at] ?? 0) * (numbers[from + at] ?? 0);
    b += (vector[at + 1] ?? 0) * (numbers[from + at + 1] ?? 0);
    c += (vector[at + 2] ?? 0) * (numbers[from + at + 2] ?? 0);
    d += (vector[at + 3] ?? 0) * (numbers[from + at + 3] ?? 0);
  }
  for (; at < vector.length; at += 1) a += (vector[at] ?? 0) * (numbers[from + at] ?? 0);
  return a + b + c + d;
}
