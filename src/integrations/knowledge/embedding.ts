import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { Embedder } from "../../domain/knowledge/ports.ts";
import { toVectorBytes } from "../../domain/knowledge/vector.ts";
import { askJson, safeReason, under } from "../json-answer.ts";

/** The least that a common endpoint (阿里云百炼) takes in one call. */
const TEXTS_AT_ONCE = 10;
/** What lies beyond says little of what a text is about, and the smaller models refuse it. */
const MOST_CHARACTERS = 2_000;
const MOST_DIMENSION = 8_192;
/** Ten vectors of the most numbers, each written with twenty-odd characters. */
const MOST_BYTES = TEXTS_AT_ONCE * MOST_DIMENSION * 32;

const answerSchema = z.object({
  data: z.array(
    z.object({
      index: z.number().int().nonnegative(),
      embedding: z.array(z.number()).min(1).max(MOST_DIMENSION),
    }),
  ),
});

/** `POST /embeddings` of an OpenAI-compatible endpoint. No fault holds the key, the address or a text. */
export function createEmbedder({
  baseUrl,
  apiKey,
  model,
  fetch,
}: {
  baseUrl: string;
  apiKey: string | null;
  model: string;
  fetch?: typeof globalThis.fetch;
}): Embedder {
  return {
    model,
    async embed(texts, withinMs) {
      const vectors: Uint8Array[] = [];
      for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE)
        vectors.push(...(await embedSome(texts.slice(at, at + TEXTS_AT_ONCE), withinMs)));
      if (new Set(vectors.map(({ length }) => length)).size > 1)
        throw new AppError("embedding-unavailable", "the vectors are of several dimensions");
      return vectors;
    },
  };

  async function embedSome(texts: readonly string[], withinMs: number): Promise<Uint8Array[]> {
    const answer = answerSchema.safeParse(await ask(texts, withinMs));
    if (!answer.success) throw new AppError("embedding-unavailable", "the answer has no vectors");
    const byIndex = new Map(answer.data.data.map(({ index, embedding }) => [index, embedding]));
    return texts.map((_text, index) => {
      const bytes = toVectorBytes(byIndex.get(index) ?? []);
      if (bytes === null) throw new AppError("embedding-unavailable", "a text got no vector");
      return bytes;
    });
  }

  async function ask(texts: readonly string[], withinMs: number): Promise<unknown> {
    try {
      return await askJson({
        url: under(baseUrl, "embeddings"),
        body: {
          model,
          input: texts.map((text) =>
            [...text.slice(0, 2 * MOST_CHARACTERS)].slice(0, MOST_CHARACTERS).join(""),
          ),
          encoding_format: "float",
        },
        key: apiKey,
        timeoutMs: withinMs,
        maxBytes: MOST_BYTES,
        ...(fetch === undefined ? {} : { fetch }),
      });
    } catch (error) {
      throw new AppError("embedding-unavailable", safeReason(error));
    }
  }
}
