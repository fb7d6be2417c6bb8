import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { createAgentRouter } from "../agents/agent-router.ts";
import type { AnswerAgent } from "../agents/answer.ts";
import { createHelpdeskTools } from "../agents/helpdesk-tools.ts";
import { createLadder, type Rung } from "../agents/ladder.ts";
import { createModelRung } from "../agents/model-rung.ts";
import { createDecider } from "../agents/rules/decide.ts";
import { createHelpdeskDecider } from "../agents/rules/decide-helpdesk.ts";
import { createRulesModel } from "../agents/rules/rules-model.ts";
import { createRulesRung } from "../agents/rules/rules-rung.ts";
import type { NextStep, Situation } from "../agents/rules/situation.ts";
import { createServingAgent } from "../agents/serving-agent.ts";
import { createShopTools, type ShopToolDeps } from "../agents/shop-tools.ts";
import type { TurnWatch } from "../agents/turn-watch.ts";
import { createPromiseGuard } from "../conversation/promise-guard.ts";
import type { AgentName } from "../domain/conversations/agent-of.ts";
import type { KnowledgeBase } from "../domain/knowledge/knowledge.ts";
import type { WebSearch } from "../domain/knowledge/web-search.ts";
import type { Log } from "../domain/log.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { urgencyTerms } from "../domain/orders/pricing-rules.ts";
import type { TicketCallback } from "../domain/tickets/move-ticket.ts";
import type { UnderstandInput, Understanding } from "../domain/understanding/understanding.ts";
import type { Env } from "../env.ts";
import { modelProvider } from "./outside.ts";
import type { ShopConfig } from "./shop-config.ts";

export type AgentParts = {
  tools: Parameters<typeof createServingAgent>[0]["tools"];
  instructions: () => string;
  skills: string[];
  /** What Studio's agent speaks with: the configured model, or the rules. */
  model: LanguageModelV4;
};

/** Both agents, each on its ladder of models and rules. */
export async function openAgents(
  env: Env,
  deps: {
    root: string;
    rulesOnly: boolean;
    config: ShopConfig;
    deskDeps: DeskDeps;
    shop: Omit<ShopToolDeps, keyof DeskDeps>;
    understand: (input: UnderstandInput) => Understanding;
    helpdesk: { knowledge: KnowledgeBase; web: WebSearch | null; ticketCallback: TicketCallback };
    watch: TurnWatch;
    log: Log;
  },
) {
  const { root, config, deskDeps, watch, log } = deps;
  const say = () => config.rules().say;
  const models = deps.rulesOnly ? [] : await configuredModels(env);
  const guard = createPromiseGuard({ store: deskDeps.store, promises: config.promises });

  const shopTools = createShopTools({ ...deskDeps, ...deps.shop });
  const shop = open("shop", {
    tools: shopTools,
    instructions: config.instructions.shop,
    skills: [],
    decide: createDecider({
      understand: deps.understand,
      say,
      urgency: () => urgencyTerms(config.rules().pricing),
    }),
  });
  const helpdesk = open("helpdesk", {
    tools: createHelpdeskTools({ deskDeps, ...deps.helpdesk }),
    instructions: config.instructions.helpdesk,
    skills: skillsIn(join(root, "skills")),
    decide: createHelpdeskDecider({ lexicon: config.helpdeskLexicon, say }),
  });

  function open(
    id: AgentName,
    { decide, ...parts }: Omit<AgentParts, "model"> & { decide: (situation: Situation) => NextStep },
  ): { answering: AnswerAgent; parts: AgentParts; rungs: string[] } {
    const rungs: Rung[] = [
      ...models.map(({ name, model }) =>
        createModelRung({
          name,
          agent: createServingAgent({ id, model, ...parts }),
          timeoutMs: env.MODEL_TIMEOUT_MS,
        }),
      ),
      createRulesRung({ decide, tools: parts.tools }),
    ];
    return {
      answering: createLadder({
        rungs,
        guard,
        versions: () => config.versions(id),
        sorry: () => say()("sorry"),
        unknown: () => say()("helpdesk_unknown"),
        watch,
        log,
      }),
      parts: { ...parts, model: models[0]?.model ?? createRulesModel(decide) },
      rungs: rungs.map(({ name }) => name),
    };
  }

  return {
    agent: createAgentRouter({ shop: shop.answering, helpdesk: helpdesk.answering }),
    tools: shopTools,
    parts: { shop: shop.parts, helpdesk: helpdesk.parts },
    rungs: shop.rungs,
  };
}

async function configuredModels(env: Env) {
  if (env.MODEL === undefined) return [];
  const provider = await modelProvider(env);
  const names = [env.MODEL, env.FALLBACK_MODEL].filter((name) => name !== undefined);
  return names.map((name) => ({ name, model: provider.chat(name.replace(/^openai\//u, "")) }));
}

/** Every folder with a how-to (SKILL.md) in it. */
function skillsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}
