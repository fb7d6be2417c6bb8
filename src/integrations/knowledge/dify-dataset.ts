import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { KnowledgeBase, KnowledgeChunk } from "../../domain/knowledge/knowledge.ts";
import { askJson, under } from "../json-answer.ts";

/** Dify refuses a longer query. Characters. */
const MOST_QUERY = 250;

const answerSchema = z.object({
  records: z.array(
    z.object({
      score: z.number().nullish(),
      segment: z.object({
        id: z.string(),
        content: z.string(),
        answer: z.string().nullish(),
        document: z.object({ id: z.string(), name: z.string() }),
      }),
    }),
  ),
});

/**
 * Datasets of a Dify (protocols §2.3), asked side by side, best chunks of all first.
 *
 * @param url - of its API, with /v1
 * @throws AppError("answer-unusable") or what fetch throws; the chain counts it as an error
 */
export function createDifyKnowledge({
  url,
  key,
  datasetIds,
  timeoutMs,
}: {
  url: string;
  key: string;
  datasetIds: readonly string[];
  timeoutMs: number;
}): KnowledgeBase {
  return {
    async search(question, topK) {
      const query = [...question].slice(0, MOST_QUERY).join("");
      const found = await Promise.all(datasetIds.map((id) => retrieve(id, query, topK)));
      return {
        status: "ok",
        chunks: found
          .flat()
          .sort((one, other) => other.score - one.score)
          .slice(0, topK),
      };
    },
  };

  async function retrieve(id: string, query: string, topK: number): Promise<KnowledgeChunk[]> {
    const answer = answerSchema.safeParse(
      await askJson({
        url: under(url, `datasets/${encodeURIComponent(id)}/retrieve`),
        key,
        timeoutMs,
        body: {
          query,
          retrieval_model: {
            search_method: "hybrid_search",
            reranking_enable: false,
            top_k: topK,
            score_threshold_enabled: false,
          },
        },
      }),
    );
    if (!answer.success) throw new AppError("answer-unusable", "Dify answered in another form");
    return answer.data.records.map(
      ({ score, segment: { id: segment, content, answer: written, document } }) => ({
        id: segment,
        // Of a question and answer segment the content is the question.
        text: written == null || written === "" ? content : `${content}\n${written}`,
        score: Math.max(0, Math.min(1, score ?? 0)),
        answers: true,
        source: { document_id: document.id, title: document.name },
      }),
    );
  }
}
