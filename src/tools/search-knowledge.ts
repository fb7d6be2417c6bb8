import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { KnowledgeBase } from "../domain/knowledge/knowledge.ts";
import { turnOf } from "./turn-context.ts";

/** @param description - tells the model what is written down there, and when to look */
export function createSearchKnowledgeTool({
  knowledge,
  description,
  topK,
}: {
  knowledge: KnowledgeBase;
  description: string;
  topK: number;
}) {
  return createTool({
    id: "search-knowledge",
    description,
    inputSchema: z.object({ query: z.string().min(1).max(500) }),
    outputSchema: z.object({
      status: z.enum(["ok", "failed"]),
      chunks: z.array(
        z.object({
          id: z.string(),
          text: z.string(),
          score: z.number(),
          answers: z.boolean(),
          source: z.object({ document_id: z.string(), title: z.string(), url: z.string().optional() }),
        }),
      ),
    }),
    execute: async ({ query }, { requestContext }) => {
      const found = await knowledge.search(query, topK);
      turnOf(requestContext)?.searches.push(found);
      return found;
    },
  });
}
