import type { KnowledgeBase } from "../domain/knowledge/knowledge.ts";
import type { WebSearch } from "../domain/knowledge/web-search.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type { TicketCallback } from "../domain/tickets/move-ticket.ts";
import { createCreateTicketTool } from "../tools/create-ticket.ts";
import { createHandOffTool } from "../tools/hand-off.ts";
import { createSearchKnowledgeTool } from "../tools/search-knowledge.ts";
import { createSearchWebTool } from "../tools/search-web.ts";
import { keepJsonSchema } from "./keep-json-schema.ts";

const MOST_CHUNKS = 5;

/** The IT desk's tools (spec helpdesk §1); the web only if there is a search engine for it. */
export function createHelpdeskTools({
  deskDeps,
  knowledge,
  web,
  ticketCallback,
}: {
  deskDeps: DeskDeps;
  knowledge: KnowledgeBase;
  web: WebSearch | null;
  ticketCallback: TicketCallback;
}) {
  const tools = {
    "search-knowledge": createSearchKnowledgeTool({
      knowledge,
      topK: MOST_CHUNKS,
      description:
        "查公司的 IT 知识库：账号、VPN、邮箱、打印、会议室、软件、权限、设备等的办法和规定。回答任何 IT 问题前先查；answers 为 false 的只是相近，不能当答案。",
    }),
    "hand-off": createHandOffTool(deskDeps),
    "create-ticket": createCreateTicketTool({
      store: deskDeps.store,
      ambient: deskDeps.ambient,
      callback: ticketCallback,
      say: () => deskDeps.rules().say,
    }),
    ...(web === null ? {} : { "search-web": createSearchWebTool(web) }),
  };
  for (const tool of Object.values(tools)) {
    keepJsonSchema(tool.inputSchema);
    keepJsonSchema(tool.outputSchema);
  }
  return tools;
}
