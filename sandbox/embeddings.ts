import { type Answer, listen } from "./http-server.ts";

/** How it behaves: as it should, or as real ones fail; refuses: texts with that word, and the call with them. */
export type EmbeddingsMood =
  | "well"
  | "broken"
  | "slow"
  | "html"
  | "endless"
  | "empty"
  | "short"
  | { refuses: string };

const ENDLESS_BYTES = 8 * 1024 * 1024;

/** What a text counts for that is not of a concept: just enough that no two texts are quite the same. */
const OWN_SHARE = 0.05;

/**
 * An OpenAI-compatible `POST /embeddings`. A text's vector has a direction for each concept, and points along those of
 * which it holds a word: texts of one concept are near, whatever their words.
 *
 * @param concepts - each its words
 * @param dimension - more than there are concepts
 */
export async function startEmbeddings({
  port = 0,
  key = "embedding-key",
  concepts,
  dimension = 64,
}: {
  port?: number;
  key?: string;
  concepts: readonly (readonly string[])[];
  dimension?: number;
}) {
  const requests: { model: string; input: string[] }[] = [];
  const knobs: { mood: EmbeddingsMood; dimension: number } = { mood: "well", dimension };

  const { url, close } = await listen(port, ({ method, path, headers, body }): Answer | null => {
    if (method !== "POST" || path !== "/v1/embeddings") return { status: 404 };
    if (headers.authorization !== `Bearer ${key}`)
      return {
        status: 401,
        body: { error: { message: `Incorrect API key provided: ${headers.authorization}` } },
      };
    const request = JSON.parse(body) as { model: string; input: string[] };
    requests.push(request);
    const { mood } = knobs;
    if (mood === "slow") return null;
    if (mood === "broken") return { status: 503 };
    if (mood === "html") return { status: 200, bytes: Buffer.from("<html>"), type: "text/html" };
    if (mood === "endless") return { status: 200, bytes: Buffer.alloc(ENDLESS_BYTES, " ") };
    if (typeof mood === "object" && request.input.some((text) => text.includes(mood.refuses)))
      return { status: 400, body: { error: { message: request.input.join() } } };
    const data = request.input.map((text, index) => ({
      object: "embedding",
      index,
      embedding: mood === "empty" ? [] : vectorOf(text),
    }));
    // Their order is not promised: each says which it is.
    return {
      status: 200,
      body: { object: "list", model: request.model, data: mood === "short" ? data.slice(1) : data.reverse() },
    };
  });

  return { url: `${url}/v1`, key, requests, knobs, close };

  function vectorOf(text: string): number[] {
    const vector = new Array<number>(knobs.dimension).fill(0);
    for (const [at, words] of concepts.entries())
      vector[at] = words.filter((word) => text.includes(word)).length === 0 ? 0 : 1;
    let place = 0;
    for (const character of text) place = (place * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
    const own = concepts.length + (place % (knobs.dimension - concepts.length));
    vector[own] = (vector[own] ?? 0) + OWN_SHARE;
    return vector;
  }
}
