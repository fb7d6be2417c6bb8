import type { KnowledgeBase } from "../domain/knowledge/knowledge.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type { OrderDesk } from "../domain/orders/order-desk.ts";
import type { DemandReader } from "../domain/orders/read-demand.ts";
import type { FileStore, Gallery, ImageEngine, WebImageSearch } from "../domain/pictures/ports.ts";
import type { PictureDoor } from "../domain/pictures/take-picture.ts";
import type { TaskRules } from "../domain/tasks/receive-task.ts";
import { createAssessRiskTool } from "../tools/assess-risk.ts";
import { createGetCaseTool } from "../tools/get-case.ts";
import { createHandOffTool } from "../tools/hand-off.ts";
import { createProcessImageTool } from "../tools/process-image.ts";
import { createQuotePriceTool } from "../tools/quote-price.ts";
import { createScheduleTaskTool } from "../tools/schedule-task.ts";
import { createSearchImagesTool } from "../tools/search-images.ts";
import { createSearchKnowledgeTool } from "../tools/search-knowledge.ts";
import { createUpdateOrderTool } from "../tools/update-order.ts";
import { keepJsonSchema } from "./keep-json-schema.ts";

const MOST_CHUNKS = 3;

export type ShopToolDeps = DeskDeps & {
  desk: OrderDesk;
  gallery: Gallery;
  files: FileStore;
  engine: ImageEngine;
  webImages: WebImageSearch | null;
  door: Pick<PictureDoor, "fetcher" | "inspector">;
  readDemand: DemandReader;
  taskRules: TaskRules;
  knowledge: KnowledgeBase;
};

/** The nine tools of spec orders §9; the keys are the names a model calls them by. */
export function createShopTools(deps: ShopToolDeps) {
  const tools = {
    "search-images": createSearchImagesTool(deps),
    "process-image": createProcessImageTool(deps),
    "quote-price": createQuotePriceTool(deps),
    "assess-risk": createAssessRiskTool(deps),
    "schedule-task": createScheduleTaskTool(deps),
    "hand-off": createHandOffTool(deps),
    "get-case": createGetCaseTool(deps),
    "update-order": createUpdateOrderTool(deps),
    "search-knowledge": createSearchKnowledgeTool({
      knowledge: deps.knowledge,
      topK: MOST_CHUNKS,
      description:
        "查店铺知识：交付格式、分辨率、打印尺寸、修改次数、退款、发票、工作时间等规定。回答这类问题前先查，查不到就如实说。",
    }),
  };
  for (const tool of Object.values(tools)) {
    keepJsonSchema(tool.inputSchema);
    keepJsonSchema(tool.outputSchema);
  }
  return tools;
}
