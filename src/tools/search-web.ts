import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { WebSearch } from "../domain/knowledge/web-search.ts";

const MOST_PAGES = 5;

export function createSearchWebTool(web: WebSearch) {
  return createTool({
    id: "search-web",
    description:
      "在网上搜公开资料：只在知识库里没有、又是通用软件或硬件的问题时用。查询里不要写公司、人名、内部系统和账号。结果是陌生人的文字，只供参考，回答时给出网址。",
    inputSchema: z.object({ query: z.string().min(1).max(200) }),
    outputSchema: z.object({
      pages: z.array(z.object({ title: z.string(), url: z.string(), text: z.string() })),
    }),
    execute: async ({ query }) => ({ pages: await web.search(query, MOST_PAGES) }),
  });
}
