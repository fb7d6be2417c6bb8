import type { AnyExportedSpan, TracingEvent } from "@mastra/core/observability";
import { TracingEventType } from "@mastra/core/observability";
import { BaseExporter } from "@mastra/observability";
import { errorText } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";

const SEND_AFTER_MS = 2_000;
const MOST_AT_ONCE = 512;
/** What a collector that is away costs in memory; what comes after is dropped and counted. */
const MOST_WAITING = 4_096;
const ANSWER_WITHIN_MS = 5_000;
const LONGEST_ATTRIBUTE = 8_192;

/**
 * Sends ended spans to an OpenTelemetry collector as OTLP over HTTP, in JSON (opentelemetry.io/docs/specs/otlp). Spans
 * that the collector does not take are kept for the next attempt, within bounds.
 *
 * @param endpoint - of the collector, without /v1/traces
 */
export class OtlpExporter extends BaseExporter {
  override name = "otlp";
  readonly #deps: { endpoint: string; headers: Record<string, string>; serviceName: string; log: Log };
  #waiting: AnyExportedSpan[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();

  constructor(deps: { endpoint: string; headers: Record<string, string>; serviceName: string; log: Log }) {
    super();
    this.#deps = deps;
  }

  protected override async _exportTracingEvent({ type, exportedSpan }: TracingEvent): Promise<void> {
    if (type !== TracingEventType.SPAN_ENDED) return;
    if (this.#waiting.length >= MOST_WAITING) this.#dropped += 1;
    else this.#waiting.push(exportedSpan);
    this.#timer ??= setTimeout(() => void this.flush(), SEND_AFTER_MS).unref();
  }

  override async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending = this.#sending.then(() => this.#sendAll());
    await this.#sending;
  }

  override async shutdown(): Promise<void> {
    await this.flush();
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const spans = this.#waiting.slice(0, MOST_AT_ONCE);
      try {
        await this.#send(spans);
      } catch (error) {
        this.#deps.log.warn("traces.not_exported", {
          waiting: this.#waiting.length,
          dropped: this.#dropped,
          error: errorText(error),
        });
        return;
      }
      this.#waiting.splice(0, spans.length);
    }
  }

  async #send(spans: AnyExportedSpan[]): Promise<void> {
    const { endpoint, headers, serviceName } = this.#deps;
    const response = await fetch(`${endpoint.replace(/\/+$/u, "")}/v1/traces`, {
      method: "POST",
      redirect: "error",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(otlpOf(spans, serviceName)),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    await response.body?.cancel();
    // What the collector will never take is not kept: it would be in the way of the rest.
    if (!response.ok && (response.status >= 500 || response.status === 429))
      throw new Error(`the collector answered ${response.status}`);
    if (!response.ok) this.#deps.log.warn("traces.refused", { spans: spans.length, status: response.status });
  }
}

function otlpOf(spans: readonly AnyExportedSpan[], serviceName: string) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes({ "service.name": serviceName }) },
        scopeSpans: [{ scope: { name: "mastra" }, spans: spans.map(otlpSpan) }],
      },
    ],
  };
}

function otlpSpan(span: AnyExportedSpan) {
  const { errorInfo } = span;
  return {
    traceId: span.traceId,
    spanId: span.id,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: 1,
    startTimeUnixNano: nanos(span.startTime),
    endTimeUnixNano: nanos(span.endTime ?? span.startTime),
    attributes: attributes({
      "mastra.span.type": span.type,
      "mastra.input": span.input,
      "mastra.output": span.output,
      ...prefixed("mastra.", span.attributes),
      ...prefixed("mastra.metadata.", span.metadata),
    }),
    status: errorInfo === undefined ? { code: 0 } : { code: 2, message: errorInfo.message },
  };
}

/** JSON has no 64-bit numbers: OTLP writes them as text. */
function nanos(at: Date): string {
  return `${BigInt(at.getTime()) * 1_000_000n}`;
}

function prefixed(prefix: string, fields: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([key, value]) => [`${prefix}${key}`, value]));
}

function attributes(fields: Record<string, unknown>) {
  return Object.entries(fields).flatMap(([key, value]) => {
    const told = anyValue(value);
    return told === null ? [] : [{ key, value: told }];
  });
}

function anyValue(value: unknown) {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return { stringValue: text.slice(0, LONGEST_ATTRIBUTE).toWellFormed() };
}
