import { join, resolve } from "node:path";
import { createClient } from "@libsql/client";
import { type MetricsContext, noOpMetricsContext, SamplingStrategyType } from "@mastra/core/observability";
import type { ObservabilityStorage } from "@mastra/core/storage";
import { ObservabilityLibSQL } from "@mastra/libsql";
import { DefaultObservabilityInstance, MastraStorageExporter, Observability } from "@mastra/observability";
import { ObservabilityPG, PoolAdapter } from "@mastra/pg";
import type pg from "pg";
import type { Log } from "../../domain/log.ts";
import type { Env } from "../../env.ts";
import { OtlpExporter } from "../../integrations/traces/otlp-exporter.ts";
import { createSpanRedaction } from "./redact-spans.ts";
import { openTracesClient } from "./traces-client.ts";

type SqliteClient = Extract<
  ConstructorParameters<typeof ObservabilityLibSQL>[0],
  { client: unknown }
>["client"];

const SERVICE = "tianwang-cs";
const SPANS_AT_ONCE = 200;
const WRITE_AFTER_MS = 1_000;
/** Beyond this many that wait for their store, spans are dropped: answers come first. */
const MOST_WAITING = 5_000;

/**
 * Traces in a store of their own: a file beside the app's, or a schema of their own in PostgreSQL. Only ended spans are
 * written, redacted.
 *
 * @param pool - PostgreSQL's, else null
 */
export function openTraces(env: Env, { root, pool, log }: { root: string; pool: pg.Pool | null; log: Log }) {
  if (env.TRACES === "off") return null;
  const { storage, close } = openStorage(env, { root, pool });
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    storage,
    retention: { observability: { spans: { maxAge: `${env.TRACES_DAYS}d` as const } } },
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
              maxBufferSize: MOST_WAITING,
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

/** Mastra's metrics go nowhere: its stores here cannot hold them, and figures are in /metrics. */
class Traces extends DefaultObservabilityInstance {
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
      : openTracesClient(join(resolve(root, env.DATA_DIR), "traces.db"));
  // The same client; only its optional fields are declared differently.
  return { storage: new ObservabilityLibSQL({ client: client as unknown as SqliteClient }), close };
}

function inMemory() {
  const client = createClient({ url: ":memory:" });
  return { client, close: async () => client.close() };
}
