import { join, resolve } from "node:path";
import { createClient } from "@libsql/client";
import { Mastra } from "@mastra/core/mastra";
import { MastraCompositeStore } from "@mastra/core/storage";
import type { Workflow } from "@mastra/core/workflows";
import { LibSQLStore } from "@mastra/libsql";
import { Memory } from "@mastra/memory";
import { PostgresStore } from "@mastra/pg";
import { createServingAgent } from "../agents/serving-agent.ts";
import { AGENT_NAMES, type AgentName } from "../domain/conversations/agent-of.ts";
import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { type Env, isPostgresUrl } from "../env.ts";
import { createPool } from "../store/postgres/pool.ts";
import { openTraces } from "./observe/open-traces.ts";
import type { AgentParts } from "./open-agents.ts";
import { databaseFileOf } from "./outside.ts";

type SqliteClient = Extract<ConstructorParameters<typeof LibSQLStore>[0], { client: unknown }>["client"];
const BUSY_TIMEOUT_MS = 5_000;
const REMEMBERED_MESSAGES = 20;

/** Connections of one process for Mastra's snapshots; beside the app's own (store/postgres). */
const MOST_CONNECTIONS = 4;
const MASTRA_SCHEMA = "mastra";

const PRUNE_EVERY_MS = 60 * 60_000;
/** Of old spans at one go. */
const PRUNED_ROWS = 50_000;
const PRUNE_PAUSE_MS = 50;

/** Mastra's own state and its traces: schemas of their own in PostgreSQL, else files of their own, never the app's. */
export function openMastraStorage(env: Env, { root, log }: { root: string; log: Log }) {
  const pool = isPostgresUrl(env.DATABASE_URL)
    ? createPool(env.DATABASE_URL, { max: MOST_CONNECTIONS, log, numbers: false })
    : null;
  const own =
    pool === null ? openOwn(env, root) : new PostgresStore({ id: "own", pool, schemaName: MASTRA_SCHEMA });
  const traces = tracesOrNot(env, { root, pool, log });
  const storage = new MastraCompositeStore({
    id: "mastra",
    default: own,
    domains: { observability: traces?.storage ?? false },
    ...(traces === null ? {} : { retention: traces.retention }),
  });
  const prune = () => {
    storage.prune({ maxRows: PRUNED_ROWS, pauseMs: PRUNE_PAUSE_MS }).catch((error: unknown) => {
      log.warn("traces.not_pruned", { error: errorText(error) });
    });
  };
  const pruning = traces === null ? null : setInterval(prune, PRUNE_EVERY_MS).unref();
  return {
    storage,
    observability: traces?.observability ?? null,
    async close() {
      if (pruning !== null) clearInterval(pruning);
      await traces?.close();
      await (pool === null ? own.close() : pool.end());
    },
  };
}

/** Without traces answers go on. */
function tracesOrNot(env: Env, deps: Parameters<typeof openTraces>[1]) {
  try {
    return openTraces(env, deps);
  } catch (error) {
    deps.log.error("traces.unavailable", { error: errorText(error) });
    return null;
  }
}

function openOwn(env: Env, root: string): LibSQLStore {
  const url =
    databaseFileOf(env, root) === ":memory:"
      ? ":memory:"
      : `file:${join(resolve(root, env.DATA_DIR), "mastra.db")}`;
  return new LibSQLStore({
    id: "own",
    // The same client; only its optional fields are declared differently.
    client: createClient({ url, timeout: BUSY_TIMEOUT_MS }) as unknown as SqliteClient,
  });
}

/** Mastra with Studio's agents, which have a memory of their own, and the workflows with their snapshots. */
export function openMastra({
  storage,
  observability,
  port,
  agents,
  workflows,
}: Pick<ReturnType<typeof openMastraStorage>, "storage" | "observability"> & {
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
    ...(observability === null ? {} : { observability }),
    logger: false,
    server: { port },
  });
}
