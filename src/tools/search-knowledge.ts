import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { KnowledgeBase } from "../domain/knowledge/knowledge.ts";

const MOST_CHUNKS = 3;

export function createSearchKnowledgeTool(knowledge: KnowledgeBase) {
  return createTool({
    id: "search-knowledge",
    description:
      "查店铺知识：交付格式、分辨率、打印尺寸、修改次数、退款、发票、工作时间等规定。回答这类问题前先查，查不到就如实说。",
    inputSchema: z.object({ query: z.string().min(1).max(500) }),
    outputSchema: z.object({
      status: z.enum(["ok", "failed"]),
      chunks: z.array(
        z.object({
          id: z.string(),
          text: z.string(),
          score: z.number(),
          source: z.object({ document_id: z.string(), title: z.string(), url: z.string().optional() }),
        }),
      ),
    }),
    execute: async ({ query }) => await knowledge.search(query, MOST_CHUNKS),
  });
}
