import { type Answer, listen } from "./http-server.ts";

export type DifySegment = {
  id: string;
  content: string;
  answer?: string;
  document: string;
  score: number | null;
};
export type DifyMood = "well" | "down" | "slow" | "other-form";

/** Dify's stand-in: retrieval from datasets, by name; it refuses a query of more than 250 characters. */
export async function startDify({
  port = 0,
  datasetKey = "dataset-key",
  datasets,
}: {
  port?: number;
  datasetKey?: string;
  datasets: Record<string, DifySegment[]>;
}) {
  const queries: string[] = [];
  const knobs: { mood: DifyMood } = { mood: "well" };

  const { url, close } = await listen(port, ({ method, path, headers, body }): Answer | null => {
    const dataset = /^\/v1\/datasets\/([^/]+)\/retrieve$/u.exec(path)?.[1];
    if (method !== "POST" || dataset === undefined) return failed(404, "not_found", "Not found");
    if (headers.authorization !== `Bearer ${datasetKey}`)
      return failed(401, "unauthorized", "Access token is invalid");
    if (knobs.mood === "slow") return null;
    if (knobs.mood === "down") return failed(503, "service_unavailable", "Service unavailable");
    if (knobs.mood === "other-form") return { status: 200, body: { data: [] } };
    const { query } = JSON.parse(body) as { query: string };
    const segments = datasets[decodeURIComponent(dataset)];
    if (segments === undefined) return failed(404, "not_found", "Dataset not found.");
    if ([...query].length > 250) return failed(400, "invalid_param", "Query is too long");
    queries.push(query);
    return {
      status: 200,
      body: {
        query: { content: query },
        records: segments
          .filter(({ content }) => [...query].some((it) => content.includes(it)))
          .map(({ id, content, answer, document, score }) => ({
            segment: {
              id,
              position: 1,
              document_id: document,
              content,
              answer: answer ?? null,
              document: { id: document, name: document, doc_metadata: null },
            },
            child_chunks: null,
            score,
          })),
      },
    };
  });
  return { url: `${url}/v1`, queries, knobs, close };
}

function failed(status: number, code: string, message: string): Answer {
  return { status, body: { code, message, status } };
}
