import { type Answer, listen } from "./http-server.ts";

export type RagflowChunk = { id: string; content: string; document: string; similarity: number };
/** How it behaves: as it should, or as real ones fail. It answers 200 whatever its code is. */
export type RagflowMood = "well" | "code" | "slow" | "broken" | "html" | "other-form";

/** RAGFlow's stand-in: retrieval over what it was given (any chunk that holds a character of the question). */
export async function startRagflow({
  port = 0,
  key = "ragflow-key",
  chunks,
}: {
  port?: number;
  key?: string;
  chunks: RagflowChunk[];
}) {
  const requests: Record<string, unknown>[] = [];
  const knobs: { mood: RagflowMood } = { mood: "well" };

  const { url, close } = await listen(port, ({ method, path, headers, body }): Answer | null => {
    if (method !== "POST" || path !== "/api/v1/retrieval") return { status: 404 };
    if (headers.authorization !== `Bearer ${key}`) return failed(109, "API key is invalid!");
    if (knobs.mood === "slow") return null;
    if (knobs.mood === "broken") return { status: 502 };
    if (knobs.mood === "html") return { status: 200, bytes: Buffer.from("<html>"), type: "text/html" };
    if (knobs.mood === "code") return failed(102, "You don't own the dataset ds1.");
    if (knobs.mood === "other-form") return { status: 200, body: { code: 0, data: { results: [] } } };
    const asked = JSON.parse(body) as Record<string, unknown>;
    requests.push(asked);
    const { question, dataset_ids, page_size = 30 } = asked;
    if (!Array.isArray(dataset_ids) || dataset_ids.length === 0)
      return failed(102, "`dataset_ids` or `document_ids` is required.");
    const found = chunks.filter(({ content }) => [...String(question)].some((it) => content.includes(it)));
    return {
      status: 200,
      body: {
        code: 0,
        data: {
          chunks: found.slice(0, Number(page_size)).map(({ id, content, document, similarity }) => ({
            id,
            content,
            content_ltks: content,
            document_id: `doc-${document}`,
            document_keyword: document,
            dataset_id: dataset_ids[0],
            similarity,
            term_similarity: similarity,
            vector_similarity: similarity,
            positions: [],
          })),
          doc_aggs: [],
          total: found.length,
        },
      },
    };
  });
  return { url, requests, knobs, close };
}

function failed(code: number, message: string): Answer {
  return { status: 200, body: { code, message } };
}
