import type { LanguageModelV4 } from "@ai-sdk/provider";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { noopLogger } from "@mastra/core/logger";
import type { MastraMemory } from "@mastra/core/memory";
import type { Tool } from "@mastra/core/tools";
import type { AgentName } from "../domain/conversations/agent-of.ts";

const DESCRIBED: Readonly<Record<AgentName, { name: string; description: string }>> = {
  shop: { name: "图片店客服", description: "找图、处理图片、报价、接单、派单、转人工的店铺客服" },
  helpdesk: { name: "IT 服务台", description: "按知识库回答员工的 IT 问题，提工单，转 IT 同事" },
};

/**
 * An agent on one model. Serving agents have no memory: our store is the transcript. Studio's have one, for its own
 * threads.
 *
 * @param instructions - read at each turn, so that an edited prompt file is used by the next one
 * @param skills - folders with a SKILL.md, which the agent loads when they fit
 */
export function createServingAgent({
  id,
  model,
  tools,
  instructions,
  skills = [],
  memory,
}: {
  id: AgentName;
  model: LanguageModelV4;
  // biome-ignore lint/suspicious/noExplicitAny: tools of all shapes
  tools: Record<string, Tool<any, any, any, any>>;
  instructions: () => string;
  skills?: string[];
  memory?: MastraMemory;
}): Agent {
  const agent = new Agent({
    id,
    ...DESCRIBED[id],
    instructions,
    // Mastra's own model type asks doGenerate for a stream too; at run time it takes the SDK's models as they are.
    model: model as unknown as MastraModelConfig,
    tools,
    maxRetries: 0,
    ...(skills.length === 0 ? {} : { skills }),
    ...(memory === undefined ? {} : { memory }),
  }) as unknown as Agent;
  // Its own logger prints whole requests and answers on the console; the ladder says what failed.
  agent.__setLogger(noopLogger);
  return agent;
}
