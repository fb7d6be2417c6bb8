import { inspect } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startModel } from "../../../sandbox/model.ts";
import { planted } from "../../testing/planted.ts";
import { aShop, type Shop } from "../../testing/shop.ts";
import { createLogger } from "../logger.ts";

const lines: string[] = [];
let model: Awaited<ReturnType<typeof startModel>>;
let shop: Shop;

beforeAll(async () => {
  model = await startModel();
  // It repeats what it is told: as its answer, in a wrong call of a tool, in a fault.
  model.play(({ messages }) => {
    const said = String(messages.at(-1)?.content);
    const way = model.requests.length % 3;
    if (way === 0) return { status: 400, message: `cannot read: ${said}` };
    if (way === 1) return { toolCalls: [{ name: "quote-price", args: { services: said } }] };
    return { text: said };
  });
  shop = await aShop({
    settings: { TRACES: "on", MODEL: "openai/parrot", OPENAI_BASE_URL: `${model.url}/v1` },
    rulesOnly: false,
    log: createLogger("debug", { write: (line: string) => void lines.push(line) }),
  });
});
afterAll(async () => {
  await shop.close();
  await model.close();
});

it("keeps personal data and keys out of traces, logs and figures, whether said, passed to tools or in faults", async () => {
  const told = (["log", "info", "warn", "error"] as const).map((name) => vi.spyOn(console, name));
  for (const [at, [before, raw, after]] of planted.entries())
    await shop.say(`buyer-${at}`, `图片放大2倍。${before}${raw}${after}`);

  const spans = JSON.stringify(await spansOf(shop));
  const metrics = await (await shop.request("/metrics")).text();
  expect(spans.match(/"rung":"(?:rules|parrot|openai\/parrot)"/gu)?.length).toBe(planted.length);
  expect(spans).toContain("图片放大2倍");
  expect(lines.filter((line) => line.includes("ladder.rung_failed")).length).toBeGreaterThan(
    planted.length / 3,
  );
  expect(metrics).toContain('tianwang_rung_failures_total{rung="openai/parrot"}');
  const console_ = told.flatMap(({ mock }) => mock.calls.map((said) => inspect(said, { depth: 10 })));
  const written = [spans, ...lines, metrics, ...console_].join("\n");
  for (const [, raw] of planted) expect(written).not.toContain(raw);
});

it("traces a turn as one: who answered, by what versions, the model and the tools below", async () => {
  model.play(({ messages }) =>
    messages.some(({ role }) => role === "tool")
      ? { text: "您好，放大两倍 20 元。" }
      : { toolCalls: [{ name: "get-case", args: {} }] },
  );
  await shop.say("traced", "在吗");

  const trace = (await spansOf(shop)).find(({ spans }) => JSON.stringify(spans).includes("get-case"));
  const root = trace?.spans.find(({ parentSpanId }) => parentSpanId == null);
  expect(root).toMatchObject({
    name: "turn: shop",
    entityId: "shop",
    metadata: {
      rung: "openai/parrot",
      tools: ["get-case"],
      turnId: expect.stringMatching(/^t_/u) as string,
      versions: shop.service.config.versions("shop"),
    },
  });
  expect(trace?.spans.map(({ spanType }) => spanType)).toEqual(
    expect.arrayContaining(["agent_run", "model_generation", "tool_call"]) as string[],
  );
});

it("traces the tools that the rules call", async () => {
  model.play(() => ({ status: 500 }));
  await shop.say("by-rules", "放大2倍一张多少钱");

  const called = (await spansOf(shop)).flatMap(({ spans }) =>
    spans.filter(({ spanType, name }) => spanType === "tool_call" && name.startsWith("tool: ")),
  );
  expect(called.map(({ name }) => name)).toContain("tool: quote-price");
  expect(called[0]).toMatchObject({ attributes: { success: true } });
});

it("names conversation, turn and job in what is logged of them", async () => {
  await shop.say("logged", "在吗");

  const last = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .findLast(({ event }) => event === "turn.ended");
  expect(last).toMatchObject({
    job: "turn",
    conversationId: expect.any(String) as string,
    turnId: expect.any(String) as string,
  });
  const failed = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .findLast(({ event }) => event === "ladder.rung_failed");
  expect(failed).toMatchObject({ job: "turn", turnId: last?.turnId, conversationId: last?.conversationId });
});

it("forgets traces that are old enough", async () => {
  const storage = shop.service.mastra.getStorage();
  expect((await spansOf(shop)).length).toBeGreaterThan(0);

  await storage?.prune({ retention: { observability: { spans: { maxAge: "1h" } } } });
  expect((await spansOf(shop)).length).toBeGreaterThan(0);
  await storage?.prune({ retention: { observability: { spans: { maxAge: 1 } } } });

  expect(await spansOf(shop)).toEqual([]);
});

async function spansOf({ service }: Shop) {
  await service.mastra.observability.flush();
  const store = await service.mastra.getStorage()?.getStore("observability");
  const traces = [];
  for (let page = 0; ; page += 1) {
    const listed = await store?.listTraces({ pagination: { page, perPage: 100 } });
    for (const { traceId } of listed?.spans ?? []) {
      const trace = await store?.getTrace({ traceId });
      if (trace != null) traces.push(trace);
    }
    if (listed?.pagination?.hasMore !== true) return traces;
  }
}
