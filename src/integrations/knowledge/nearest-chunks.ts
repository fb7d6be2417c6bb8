import { AppError } from "../../domain/errors.ts";
import type { Embedder, VectorStore } from "../../domain/knowledge/ports.ts";
import { fromVectorBytes } from "../../domain/knowledge/vector.ts";
import type { Log } from "../../domain/log.ts";
import { safeReason } from "../json-answer.ts";
import { createVectorIndex, type VectorIndex } from "./vector-index.ts";

/** A search waits no longer for all of it: the question's vector, and what changed in the store. */
const WITHIN_MS = 1_000;
/** One that failed is left alone, so that not every search waits for it. */
const REST_MS = 30_000;
const ROWS_AT_ONCE = 500;

/** Numbers of the chunks that mean what is nearest to the question, best first; none when that cannot be told now. */
export type NearestChunks = (question: string, most: number) => Promise<number[]>;

/**
 * Nearest chunks by the cosine of their vectors, all of them compared in the memory of this process, which follows what any
 * process changes in the store. Reading many vectors for the first time may take longer than a search waits; it goes on.
 *
 * The function does not throw: what fails is logged as knowledge.vectors_failed.
 */
export function createNearestChunks({
  embedder,
  vectors,
  now,
  log,
  withinMs = WITHIN_MS,
}: {
  embedder: Embedder;
  vectors: Pick<VectorStore, "lastChange" | "changesSince" | "ofDocuments" | "all">;
  /** In milliseconds. */
  now: () => number;
  log: Log;
  withinMs?: number;
}): NearestChunks {
  let known: { index: VectorIndex; seq: number } | null = null;
  let reading: Promise<VectorIndex> | null = null;
  let restUntil = 0;

  return async (question, most) => {
    if (now() < restUntil) return [];
    try {
      return await within(withinMs, nearest(question, most));
    } catch (error) {
      restUntil = now() + REST_MS;
      log.warn("knowledge.vectors_failed", { reason: safeReason(error), restMs: REST_MS });
      return [];
    }
  };

  async function nearest(question: string, most: number): Promise<number[]> {
    const last = await vectors.lastChange();
    if (last === 0) return [];
    const [bytes = new Uint8Array()] = await embedder.embed([question], withinMs);
    const vector = fromVectorBytes(bytes);
    return (await indexOf(vector.length, last)).nearest(vector, most);
  }

  async function indexOf(dimension: number, last: number): Promise<VectorIndex> {
    if (known?.index.dimension === dimension && known.seq >= last) return known.index;
    reading ??= (known?.index.dimension === dimension ? follow(known) : readAll(dimension)).finally(() => {
      reading = null;
    });
    return await reading;
  }

  async function readAll(dimension: number): Promise<VectorIndex> {
    const index = createVectorIndex(dimension);
    // What changes while it is read is read again with the changes after this one.
    const seq = await vectors.lastChange();
    for (let after = 0; ; ) {
      const some = await vectors.all({ model: embedder.model, dimension }, { after, most: ROWS_AT_ONCE });
      const end = some.at(-1);
      if (end === undefined) break;
      for (const [document, own] of Map.groupBy(some, (it) => it.document)) index.add(document, own);
      after = end.chunk;
    }
    known = { index, seq };
    return index;
  }

  async function follow(from: { index: VectorIndex; seq: number }): Promise<VectorIndex> {
    const { index } = from;
    const kind = { model: embedder.model, dimension: index.dimension };
    for (;;) {
      const { seq, documents } = await vectors.changesSince(from.seq);
      if (seq === from.seq) return index;
      const found = await vectors.ofDocuments(kind, documents);
      const byDocument = Map.groupBy(found, ({ document }) => document);
      for (const document of documents) {
        index.remove(document);
        index.add(document, byDocument.get(document) ?? []);
      }
      from.seq = seq;
    }
  }
}

/** Throws AppError("too-slow") when it takes longer; the work itself goes on, and what becomes of it is its own. */
async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AppError("too-slow", `not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
