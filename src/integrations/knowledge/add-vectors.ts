import { AppError } from "../../domain/errors.ts";
import type { Embedder, StoredChunk, VectorKind, VectorStore } from "../../domain/knowledge/ports.ts";
import { BYTES_OF_NUMBER } from "../../domain/knowledge/vector.ts";
import { safeReason } from "../json-answer.ts";

const WITHIN_MS = 30_000;
/** One call. */
const CHUNKS_AT_ONCE = 10;
/** When so many calls fail one after the other, it is the endpoint. */
const MOST_FAILURES = 5;
/** Tells the dimension, and whether there is anybody, before anything is read. */
const PROBE = "知识库";

/** made: by this call; missing: chunks that still have no vector; reason: of the last failure. */
export type AddedVectors = { made: number; missing: number; reason: string | null };

/**
 * Makes the vectors that are missing: of new chunks, of those another model or dimension was for, and of those that an
 * earlier call did not come to. May be repeated; what was made before a failure stays.
 */
export async function addVectors({
  embedder,
  vectors,
  onProgress,
}: {
  embedder: Embedder;
  vectors: Pick<VectorStore, "missing" | "countMissing" | "put">;
  onProgress: (made: number) => void;
}): Promise<AddedVectors> {
  const { model } = embedder;
  let made = 0;
  let failures = 0;
  let dimension: number | null = null;
  let reason: string | null = null;
  try {
    const [probe = new Uint8Array()] = await embedder.embed([PROBE], WITHIN_MS);
    dimension = probe.length / BYTES_OF_NUMBER;
    await addAll({ model, dimension });
  } catch (error) {
    if (!isOfEndpoint(error)) throw error;
    reason = safeReason(error);
  }
  return { made, missing: await vectors.countMissing({ model, dimension }), reason };

  async function addAll(kind: VectorKind): Promise<void> {
    for (let after = 0; ; ) {
      const chunks = await vectors.missing(kind, { after, most: CHUNKS_AT_ONCE });
      const last = chunks.at(-1);
      if (last === undefined) return;
      after = last.seq;
      await addSome(chunks, kind);
    }
  }

  /** What is refused together is tried one by one: it may be one text's fault. */
  async function addSome(chunks: readonly StoredChunk[], kind: VectorKind): Promise<void> {
    try {
      const found = await embedder.embed(chunks.map(textOf), WITHIN_MS);
      if (found.some(({ length }) => length !== kind.dimension * BYTES_OF_NUMBER))
        throw new AppError("embedding-unavailable", "the vectors are of several dimensions");
      await vectors.put(
        kind,
        found.flatMap((bytes, at) => {
          const chunk = chunks[at]?.seq;
          return chunk === undefined ? [] : [{ chunk, bytes }];
        }),
      );
      failures = 0;
      made += chunks.length;
      onProgress(made);
    } catch (error) {
      failures += 1;
      if (!isOfEndpoint(error) || failures === MOST_FAILURES) throw error;
      reason = safeReason(error);
      if (chunks.length > 1) for (const chunk of chunks) await addSome([chunk], kind);
    }
  }
}

function isOfEndpoint(error: unknown): boolean {
  return error instanceof AppError && error.code === "embedding-unavailable";
}

/** What a chunk is found by: what stands above it says what it is about. */
function textOf({ document, heading, question, text }: StoredChunk): string {
  return [document.title, heading, question ?? "", text].filter((part) => part !== "").join("\n");
}
