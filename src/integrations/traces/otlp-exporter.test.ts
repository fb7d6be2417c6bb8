import { SpanType } from "@mastra/core/observability";
import { DefaultObservabilityInstance } from "@mastra/observability";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listen } from "../../../sandbox/http-server.ts";
import { silentLog } from "../../domain/log.ts";
import { OtlpExporter } from "./otlp-exporter.ts";

type Sent = {
  resourceSpans: {
    resource: { attributes: unknown[] };
    scopeSpans: { spans: Record<string, unknown>[] }[];
  }[];
};

let collector: Awaited<ReturnType<typeof listen>>;
let received: { path: string; headers: Record<string, string>; body: Sent }[];
let status: number;

beforeEach(async () => {
  received = [];
  status = 200;
  collector = await listen(0, ({ path, headers, body }) => {
    received.push({ path, headers, body: JSON.parse(body) as Sent });
    return { status, body: {} };
  });
});
afterEach(async () => {
  await collector.close();
});

function traced(warned: string[] = []) {
  const exporter = new OtlpExporter({
    endpoint: `${collector.url}/`,
    headers: { "x-tenant": "shop" },
    serviceName: "cs",
    log: { ...silentLog, warn: (event) => void warned.push(event) },
  });
  return new DefaultObservabilityInstance({ name: "test", serviceName: "cs", exporters: [exporter] });
}

function aTurn(traces: DefaultObservabilityInstance): void {
  const root = traces.startSpan({ type: SpanType.AGENT_RUN, name: "turn", metadata: { turnId: "t_1" } });
  root
    .createChildSpan({ type: SpanType.TOOL_CALL, name: "tool", input: { a: 1 } })
    .end({ attributes: { success: true } });
  root.error({ error: new Error("broken"), endSpan: true });
}

it("sends a collector ended spans, with their ids, times, fields and faults", async () => {
  const traces = traced();
  aTurn(traces);
  await traces.flush();

  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({
    path: "/v1/traces",
    headers: { "x-tenant": "shop", "content-type": "application/json" },
  });
  const [resource] = received[0]?.body.resourceSpans ?? [];
  expect(resource?.resource.attributes).toEqual([{ key: "service.name", value: { stringValue: "cs" } }]);
  const [tool, root] = resource?.scopeSpans[0]?.spans ?? [];
  expect(root).toMatchObject({
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/u) as string,
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/u) as string,
    name: "turn",
    startTimeUnixNano: expect.stringMatching(/^\d{19}$/u) as string,
    status: { code: 2, message: "broken" },
    attributes: expect.arrayContaining([
      { key: "mastra.metadata.turnId", value: { stringValue: "t_1" } },
    ]) as unknown[],
  });
  expect(tool).toMatchObject({
    traceId: root?.traceId,
    parentSpanId: root?.spanId,
    attributes: expect.arrayContaining([
      { key: "mastra.input", value: { stringValue: '{"a":1}' } },
      { key: "mastra.success", value: { boolValue: true } },
    ]) as unknown[],
  });
});

it("keeps what a collector that is away did not take, and sends it once it is back", async () => {
  const warned: string[] = [];
  const traces = traced(warned);
  status = 503;
  aTurn(traces);
  await traces.flush();
  status = 200;
  await traces.flush();
  await traces.flush();

  expect(warned).toEqual(["traces.not_exported"]);
  expect(received).toHaveLength(2);
  expect(received[1]?.body).toEqual(received[0]?.body);
});

it("gives up what a collector will never take", async () => {
  const warned: string[] = [];
  const traces = traced(warned);
  status = 400;
  aTurn(traces);
  await traces.flush();
  await traces.flush();

  expect(warned).toEqual(["traces.refused"]);
  expect(received).toHaveLength(1);
});
