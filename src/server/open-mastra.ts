import { createClient } from "@libsql/client";
import { Mastra } from "@mastra/core/mastra";
import type { Workflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { createShopAgent, SHOP_AGENT_ID } from "../agents/shop-agent.ts";
import type { ShopTools } from "../agents/shop-tools.ts";

type SqliteClient = Extract<ConstructorParameters<typeof LibSQLStore>[0], { client: unknown }>["client"];
const BUSY_TIMEOUT_MS = 5_000;
const REMEMBERED_MESSAGES = 20;

/**
 * Mastra with Studio's agent, which has a memory of its own, and the workflows with their snapshots.
 *
 * @param file - Mastra's own state, never the app's file; ":memory:" for tests
 */
export function openMastra({
  file,
  port,
  studio,
  tools,
  workflows,
}: {
  file: string;
  port: number;
  studio: Pick<Parameters<typeof createShopAgent>[0], "model" | "instructions">;
  tools: ShopTools;
  workflows: Record<string, Workflow>;
}): Mastra {
  const storage = new LibSQLStore({
    id: "mastra",
    // The same client; only its optional fields are declared differently.
    client: createClient({
      url: file === ":memory:" ? file : `file:${file}`,
      timeout: BUSY_TIMEOUT_MS,
    }) as unknown as SqliteClient,
  });
  const memory = new Memory({ storage, options: { lastMessages: REMEMBERED_MESSAGES } });
  return new Mastra({
    agents: { [SHOP_AGENT_ID]: createShopAgent({ ...studio, tools, memory }) },
    workflows,
    tools: tools as unknown as NonNullable<ConstructorParameters<typeof Mastra>[0]>["tools"] & object,
    storage,
    logger: false,
    server: { port },
  });
}
