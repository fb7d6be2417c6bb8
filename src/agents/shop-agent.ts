import type { LanguageModelV4 } from "@ai-sdk/provider";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import type { MastraMemory } from "@mastra/core/memory";
import type { ShopTools } from "./shop-tools.ts";

export const SHOP_AGENT_ID = "shop";

/**
 * The shop's agent on one model. Serving agents have no memory: our store is the transcript. Studio's has one, for
 * its own threads.
 *
 * @param instructions - read at each turn, so that an edited prompt file is used by the next one
 */
export function createShopAgent({
  model,
  tools,
  instructions,
  memory,
}: {
  model: LanguageModelV4;
  tools: ShopTools;
  instructions: () => string;
  memory?: MastraMemory;
}): Agent {
  return new Agent({
    id: SHOP_AGENT_ID,
    name: "图片店客服",
    description: "找图、处理图片、报价、接单、派单、转人工的店铺客服",
    instructions,
    // Mastra's own model type asks doGenerate for a stream too; at run time it takes the SDK's models as they are.
    model: model as unknown as MastraModelConfig,
    tools,
    maxRetries: 0,
    ...(memory === undefined ? {} : { memory }),
  }) as unknown as Agent;
}
