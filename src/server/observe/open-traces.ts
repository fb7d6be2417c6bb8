import { join, resolve } from "node:path";
import { createClient } from "@libsql/client";
import { type MetricsContext, noOpMetricsContext, SamplingStrategyType } from "@mastra/core/observability";
import type { ObservabilityStorage } from "@mastra/core/storage";
import { ObservabilityLibSQL } from "@mastra/libsql";
import { DefaultObservabilityInstance, MastraStorageExporter, Observability } from "@mastra/observability";
import { ObservabilityPG, PoolAdapter } from "@mastra/pg";
import type pg from "pg";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import type { Env } from "../../env.ts";
import { OtlpExporter } from "../../integrations/traces/otlp-exporter.ts";
import { makeQueryable } from "./query-traces.ts";
import { createSpanRedaction } from "./redact-spans.ts";
import { openTracesClient } from "./traces-client.ts";

type SqliteClient = Extract<
  ConstructorParameters<typeof ObservabilityLibSQL>[0],
  { client: unknown }
>["client"];

const SERVICE = "tianwang-cs";
const SPANS_AT_ONCE = 200;
const WRITE_AFTER_MS = 1_000;
/** Batches that wait for their store; what comes beyond is dropped: answers come first. */
const MOST_BATCHES = 20;
/** Of old spans: SQLite deletes them in our own thread. */
const PRUNED_AT_ONCE = 200;
const TELL_AGAIN_MS = 60_000;

/**
 * Traces in a store of their own: a file beside the app's, or a schema of their own in PostgreSQL. Only ended spans are
 * written, redacted.
 *
 * @param pool - PostgreSQL's, else null
 */
export function openTraces(env: Env, { root, pool, log }: { root: string; pool: pg.Pool | null; log: Log }) {
  if (env.TRACES === "off") return null;
  const { storage, close } = openStorage(env, { root, pool });
  makeQueryable(storage);
  keepApart(storage, log);
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    storage,
    retention: {
      observability: { spans: { maxAge: `${env.TRACES_DAYS}d` as const, batchSize: PRUNED_AT_ONCE } },
    },
    observability: new Observability({
      sensitiveDataFilter: false,
      configs: {
        default: new Traces({
          name: "default",
          serviceName: SERVICE,
          sampling: { type: SamplingStrategyType.RATIO, probability: env.TRACES_SAMPLE },
          logging: { enabled: false },
          spanOutputProcessors: [createSpanRedaction()],
          exporters: [
            new MastraStorageExporter({
              strategy: "insert-only",
              maxBatchSize: SPANS_AT_ONCE,
              maxBatchWaitMs: WRITE_AFTER_MS,
            }),
            ...(endpoint === undefined
              ? []
              : [
                  new OtlpExporter({
                    endpoint,
                    headers: env.OTEL_EXPORTER_OTLP_HEADERS,
                    serviceName: SERVICE,
                    log,
                  }),
                ]),
          ],
        }),
      },
    }),
    close,
  };
}

/**
 * Traces that cannot be kept are dropped and logged, and nothing else fails with them: Mastra waits for all of its stores
 * before it uses any, and retries what was not written with no end to what waits.
 */
function keepApart(storage: ObservabilityStorage, log: Log): void {
  const init = storage.init.bind(storage);
  const write = storage.batchCreateSpans.bind(storage);
  let ready: Promise<boolean> | null = null;
  let triedAt = 0;
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  let toldAt = Number.NEGATIVE_INFINITY;

  const tell = (event: string, fields: Record<string, unknown>) => {
    if (performance.now() - toldAt < TELL_AGAIN_MS) return;
    toldAt = performance.now();
    log.warn(event, fields);
  };
  const open = async () => {
    triedAt = performance.now();
    try {
      await init();
      return true;
    } catch (error) {
      tell("traces.unavailable", { error: errorText(error) });
      return false;
    }
  };
  const isReady = async () => {
    ready ??= open();
    if (!(await ready) && performance.now() - triedAt > TELL_AGAIN_MS) ready = open();
    return await ready;
  };

  storage.init = async () => {
    await isReady();
  };
  storage.batchCreateSpans = async (spans) => {
    if (waiting >= MOST_BATCHES) return tell("traces.dropped", { spans: spans.records.length });
    waiting += 1;
    last = last
      .then(async () => {
        if (await isReady()) await write(spans);
      })
      .catch((error: unknown) => {
        tell("traces.not_written", { spans: spans.records.length, error: errorText(error) });
      })
      .finally(() => {
        waiting -= 1;
      });
    await last;
  };
}

/**
 * Mastra's metrics go nowhere: its stores here cannot hold them, and figures are in /metrics. That a span has begun is
 * not told either: what is written is ended spans, and telling costs as much as writing.
 */
class Traces extends DefaultObservabilityInstance {
  protected override emitSpanStarted(): void {}

  protected override emitSpanUpdated(): void {}

  override getMetricsContext(): MetricsContext {
    return noOpMetricsContext;
  }
}

function openStorage(
  env: Env,
  { root, pool }: { root: string; pool: pg.Pool | null },
): { storage: ObservabilityStorage; close: () => Promise<void> } {
  if (pool !== null) {
    const storage = new ObservabilityPG({ client: new PoolAdapter(pool), schemaName: "traces" });
    return { storage, close: async () => {} };
  }
  const { client, close } =
    env.DATABASE_URL === "file::memory:"
      ? inMemory()
      : openTracesClient(join(resolve(root, env.DATA_DIR), "traces.db"), root);
  // The same client; only its optional fields are declared differently.
  return { storage: new ObservabilityLibSQL({ client: client as unknown as SqliteClient }), close };
}

function inMemory() {
  const client = createClient({ url: ":memory:" });
  return { client, close: async () => client.close() };
}
