import type { PostgresPool } from "kysely";
import pg from "pg";
import { AppError, errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { statementName } from "../prepared.ts";
import { processName, processTag } from "../process-name.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 10_000;
/** A statement of ours takes milliseconds: one that takes this long holds others up. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Between two statements of a transaction pass milliseconds: who says nothing for so long stands still, and others want its rows. */
const STANDSTILL_MS = 5_000;

/** int8: our counters and times stay far below 2^53. */
const INT8 = 20;
const asNumber = (text: string) => Number(text);

/** Opens no connection yet. A connection that breaks is logged and replaced; it never ends the process. */
export function createPool(
  url: string,
  {
    max,
    log,
    numbers = true,
    settings = {},
    onLost,
  }: {
    max: number;
    log: Log;
    numbers?: boolean;
    settings?: Record<string, string>;
    onLost?: (() => void) | undefined;
  },
): pg.Pool {
  const inSession = {
    // What is enqueued says from where (migration 0014).
    "tianwang.process": processTag(processName()),
    statement_timeout: String(STATEMENT_TIMEOUT_MS),
    idle_in_transaction_session_timeout: String(STANDSTILL_MS),
    ...settings,
  };
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // Between us and the database may be something that forgets a connection on which nothing is said.
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    application_name: "tianwang-cs",
    onConnect: (client) => set(client, inSession),
    ...(numbers
      ? {
          types: {
            getTypeParser: ((oid: number, format?: "text" | "binary") =>
              oid === INT8 && format !== "binary"
                ? asNumber
                : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
          },
        }
      : {}),
  });
  const note = (error: unknown) => {
    log.warn("store.connection_lost", { error: errorText(error) });
    onLost?.();
  };
  pool.on("error", note);
  // The pool does not listen while a connection is in use, and an error nobody listens to ends the process.
  pool.on("connect", (client) => client.on("error", note));
  return pool;
}

/**
 * Said once connected, not while connecting: options in the URL or in PGOPTIONS would replace ours without a word, and
 * poolers refuse connections that bring options they do not know.
 */
async function set(client: pg.ClientBase, settings: Record<string, string>): Promise<void> {
  const entries = Object.entries(settings);
  const calls = entries.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`);
  await client.query(`select ${calls.join(", ")}`, entries.flat());
}

/** The pool as Kysely takes it: hot statements are prepared once per connection, faults have one name. */
export function poolForKysely(pool: pg.Pool): PostgresPool {
  return {
    options: {},
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw away(error);
      });
      async function query(text: string, parameters: readonly unknown[]) {
        const name = statementName(text);
        try {
          return await client.query({
            text,
            values: parameters.map(withoutNul),
            ...(name === undefined ? {} : { name }),
          });
        } catch (error) {
          throw told(error);
        }
      }
      return {
        query: query as unknown as Awaited<ReturnType<PostgresPool["connect"]>>["query"],
        release: (destroy) => client.release(destroy),
      };
    },
  };
}

/** PostgreSQL refuses a text with NUL, which a stranger may send; nobody can read it anyway. */
function withoutNul(value: unknown): unknown {
  return typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "") : value;
}

/** Connection lost, out of resources, shutting down, read-only: what no statement is to blame for. */
const AWAY = /^(?:08|53|57P|25006|E[A-Z]+$)/u;
const AWAY_TEXT =
  /timeout exceeded when trying to connect|Connection terminated|connection error|not queryable/iu;

function told(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return AWAY.test(code) || (code === "" && AWAY_TEXT.test(errorText(error))) ? away(error) : error;
}

function away(error: unknown): AppError {
  return new AppError("store-unavailable", `the database cannot be reached: ${errorText(error)}`, {
    cause: error,
  });
}

/** Two transactions that stood in each other's way: one of them was undone and may simply run again. */
export function isConflict(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code === "40001" || code === "40P01";
}
