import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import { errorText } from "../../domain/errors.ts";
import type { KnowledgeBase, KnowledgeChunk } from "../../domain/knowledge/knowledge.ts";
import type { Log } from "../../domain/log.ts";
import { hasApiKey } from "../auth.ts";

export const KNOWLEDGE_ID = "helpdesk";
const MOST_RECORDS = 50;
/** Dify's numbers for what went wrong (protocols §2.4). */
const BAD_HEADER = 1001;
const BAD_KEY = 1002;
const NO_SUCH_KNOWLEDGE = 2001;

const conditionSchema = z.object({
  name: z.union([z.string(), z.array(z.string())]),
  comparison_operator: z.string(),
  value: z.unknown().optional(),
});
const requestSchema = z.object({
  knowledge_id: z.string(),
  query: z.string(),
  retrieval_setting: z.object({
    top_k: z.coerce.number().int().min(1),
    score_threshold: z.coerce.number().default(0),
  }),
  metadata_condition: z
    .object({
      logical_operator: z.string().toLowerCase().nullish(),
      conditions: z.array(conditionSchema).nullish(),
    })
    .nullish(),
});
type Condition = z.infer<typeof conditionSchema>;

/** We as an external knowledge base of a Dify (protocols §2.4): it appends /retrieval to the address it is given. */
export function createDifyRetrievalRoutes({
  key,
  knowledge,
  log,
}: {
  /** Null: switched off. */
  key: string | null;
  knowledge: KnowledgeBase;
  log: Log;
}) {
  const operation = describeRoute({
    tags: ["Dify"],
    summary: `Passages of the embedded knowledge, for a Dify; knowledge_id is ${KNOWLEDGE_ID}.`,
    responses: { 200: { description: "Best first" }, 403: { description: "Not with this key" } },
  });
  return new Hono().post("/retrieval", operation, async (c) => {
    if (key === null) return refuse(c, 403, BAD_KEY, "switched off: set DIFY_RETRIEVAL_KEY");
    if (!/^Bearer\s+\S/iu.test(c.req.header("authorization") ?? ""))
      return refuse(c, 403, BAD_HEADER, "send Authorization: Bearer with the key");
    if (!hasApiKey(c, key)) return refuse(c, 403, BAD_KEY, "not with this key");
    const request = requestSchema.safeParse(await c.req.json().catch(() => null));
    if (!request.success) {
      const [issue] = request.error.issues;
      return refuse(c, 400, 400, `${issue?.path.join(".") || "body"}: ${issue?.message ?? "must be JSON"}`);
    }
    const { knowledge_id, query, retrieval_setting, metadata_condition } = request.data;
    if (knowledge_id !== KNOWLEDGE_ID)
      return refuse(
        c,
        404,
        NO_SUCH_KNOWLEDGE,
        `there is no knowledge ${JSON.stringify(knowledge_id.slice(0, 100))}`,
      );
    const conditions = metadata_condition?.conditions ?? [];
    const isAny = metadata_condition?.logical_operator === "or";
    try {
      // More than is wanted when some may be left out.
      const topK = Math.min(MOST_RECORDS, retrieval_setting.top_k);
      const { chunks } = await knowledge.search(query, conditions.length === 0 ? topK : MOST_RECORDS);
      const fits = (chunk: KnowledgeChunk) =>
        conditions.length === 0 ||
        (isAny
          ? conditions.some((condition) => holds(chunk, condition))
          : conditions.every((condition) => holds(chunk, condition)));
      return c.json({
        records: chunks
          .filter((chunk) => chunk.score >= retrieval_setting.score_threshold && fits(chunk))
          .slice(0, topK)
          .map(({ text, score, source: { title, document_id, url } }) => ({
            content: text,
            score: Math.min(1, score),
            title,
            metadata: { document_id, ...(url === undefined ? {} : { url }) },
          })),
      });
    } catch (error) {
      log.error("dify-retrieval.failed", { error: errorText(error) });
      return refuse(c, 500, 500, "the knowledge cannot be searched right now");
    }
  });
}

function refuse(c: Context, status: 400 | 403 | 404 | 500, code: number, message: string) {
  return c.json({ error_code: code, error_msg: message }, status);
}

/** Dify's conditions on what a passage's metadata says; an operator we do not know holds for nothing. */
function holds({ source }: KnowledgeChunk, { name, comparison_operator, value }: Condition): boolean {
  const fields: Record<string, string | undefined> = {
    title: source.title,
    document_name: source.title,
    document_id: source.document_id,
    url: source.url,
  };
  return [name].flat().some((field) => compares(fields[field] ?? "", comparison_operator, value));
}

function compares(text: string, operator: string, value: unknown): boolean {
  const wanted = Array.isArray(value) ? value.map(String) : [String(value ?? "")];
  const [first = ""] = wanted;
  switch (operator) {
    case "contains":
      return text.includes(first);
    case "not contains":
      return !text.includes(first);
    case "start with":
    case "starts with":
      return text.startsWith(first);
    case "end with":
    case "ends with":
      return text.endsWith(first);
    case "is":
    case "=":
      return text === first;
    case "is not":
    case "≠":
      return text !== first;
    case "in":
      return wanted.includes(text);
    case "not in":
      return !wanted.includes(text);
    case "empty":
      return text === "";
    case "not empty":
      return text !== "";
    default:
      return false;
  }
}
