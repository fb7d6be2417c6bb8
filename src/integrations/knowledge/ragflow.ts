import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { KnowledgeBase } from "../../domain/knowledge/knowledge.ts";
import { askJson, under } from "../json-answer.ts";

const LEAST_SIMILARITY = 0.2;

const answerSchema = z.object({ code: z.number(), message: z.string().nullish(), data: z.unknown() });
const dataSchema = z.object({
  chunks: z.array(
    z.object({
      id: z.string(),
      content: z.string(),
      document_id: z.string(),
      document_keyword: z.string().nullish(),
      similarity: z.number(),
    }),
  ),
});

/**
 * A RAGFlow's datasets (protocols §4). It answers 200 also when it fails: then its code says so.
 *
 * @throws AppError("answer-unusable") or what fetch throws; the chain counts it as an error
 */
export function createRagflowKnowledge({
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
  const endpoint = under(url, "api/v1/retrieval");
  return {
    async search(question, topK) {
      const { code, data } = parsed(
        answerSchema,
        await askJson({
          url: endpoint,
          key,
          timeoutMs,
          // top_k are the candidates it compares; what it gives is a page.
          body: {
            question,
            dataset_ids: datasetIds,
            page: 1,
            page_size: topK,
            similarity_threshold: LEAST_SIMILARITY,
          },
        }),
      );
      if (code !== 0) throw new AppError("answer-unusable", `RAGFlow answered code ${code}`);
      return {
        status: "ok",
        chunks: parsed(dataSchema, data)
          .chunks.slice(0, topK)
          .map(({ id, content, document_id, document_keyword, similarity }) => ({
            id,
            text: content,
            score: Math.max(0, Math.min(1, similarity)),
            answers: true,
            source: { document_id, title: document_keyword ?? document_id },
          })),
      };
    },
  };
}

function parsed<Value>(schema: z.ZodType<Value>, given: unknown): Value {
  const result = schema.safeParse(given);
  if (!result.success) throw new AppError("answer-unusable", "RAGFlow answered in another form");
  return result.data;
}
