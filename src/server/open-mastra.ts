import { join, resolve } from "node:path";
import { createClient } from "@libsql/client";
import { Mastra } from "@mastra/core/mastra";
import type { Workflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { PostgresStore } from "@mastra/pg";
import { createServingAgent } from "../agents/serving-agent.ts";
import { AGENT_NAMES, type AgentName } from "../domain/conversations/agent-of.ts";
import type { Log } from "../domain/log.ts";
import { type Env, isPostgresUrl } from "../env.ts";
import { createPool } from "../store/postgres/pool.ts";
import type { AgentParts } from "./open-agents.ts";
import { databaseFileOf } from "./outside.ts";

type SqliteClient = Extract<ConstructorParameters<typeof LibSQLStore>[0], { client: unknown }>["client"];
const BUSY_TIMEOUT_MS = 5_000;
const REMEMBERED_MESSAGES = 20;

/** Connections of one process for Mastra's snapshots; beside the app's own (store/postgres). */
const MOST_CONNECTIONS = 4;
const MASTRA_SCHEMA = "mastra";

type MastraStorage = { storage: LibSQLStore | PostgresStore; close: () => Promise<void> };

/** Mastra's own state: a schema of its own in PostgreSQL, else a file of its own, never the app's. */
export function openMastraStorage(env: Env, { root, log }: { root: string; log: Log }): MastraStorage {
  if (isPostgresUrl(env.DATABASE_URL)) {
    const pool = createPool(env.DATABASE_URL, { max: MOST_CONNECTIONS, log, numbers: false });
    const storage = new PostgresStore({ id: "mastra", pool, schemaName: MASTRA_SCHEMA });
    return { storage, close: () => pool.end() };
  }
  const url =
    databaseFileOf(env, root) === ":memory:"
      ? ":memory:"
      : `file:${join(resolve(root, env.DATA_DIR), "mastra.db")}`;
  const storage = new LibSQLStore({
    id: "mastra",
    // The same client; only its optional fields are declared differently.
    client: createClient({ url, timeout: BUSY_TIMEOUT_MS }) as unknown as SqliteClient,
  });
  return { storage, close: () => storage.close() };
}

/** Mastra with Studio's agents, which have a memory of their own, and the workflows with their snapshots. */
export function openMastra({
  storage,
  port,
  agents,
  workflows,
}: {
  storage: MastraStorage["storage"];
  port: number;
  agents: Readonly<Record<AgentName, AgentParts>>;
  workflows: Record<string, Workflow>;
}): Mastra {
  const memory = new Memory({ storage, options: { lastMessages: REMEMBERED_MESSAGES } });
  return new Mastra({
    agents: Object.fromEntries(
      AGENT_NAMES.map((id) => [id, createServingAgent({ id, ...agents[id], memory })]),
    ),
    workflows,
    tools: Object.assign({}, ...AGENT_NAMES.map((id) => agents[id].tools)) as NonNullable<
      ConstructorParameters<typeof Mastra>[0]
    >["tools"] &
      object,
    storage,
    logger: false,
    server: { port },
  });
}
