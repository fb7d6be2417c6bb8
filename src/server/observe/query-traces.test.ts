import { createClient } from "@libsql/client";
import { EntityType, SpanType } from "@mastra/core/observability";
import { type ObservabilityStorage, parseTraceQueryRequest, planTraceQuery } from "@mastra/core/storage";
import { ObservabilityLibSQL } from "@mastra/libsql";
import { beforeAll, describe, expect, it } from "vitest";
import { makeQueryable } from "./query-traces.ts";

const BEGUN = Date.parse("2026-11-20T08:00:00.000Z");
const MANY = 60;
/** Three begin in each second, so that a page ends among those of one instant. */
const secondOf = (n: number) => Math.floor(n / 3);
let storage: ObservabilityStorage;

beforeAll(async () => {
  const client = createClient({ url: ":memory:" });
  storage = new ObservabilityLibSQL({ client: client as never });
  makeQueryable(storage);
  await storage.init();
  const at = (n: number, ms = 0) => new Date(BEGUN + secondOf(n) * 1_000 + ms);
  const span = (n: number, more: object) => ({
    traceId: `trace-${n}`,
    spanId: `root-${n}`,
    parentSpanId: null,
    name: "turn: shop",
    spanType: SpanType.AGENT_RUN,
    entityType: EntityType.AGENT,
    entityName: n % 2 === 0 ? "shop" : "helpdesk",
    isEvent: false,
    startedAt: at(n),
    endedAt: at(n, 5),
    input: { messages: [`第 ${n} 句`] },
    metadata: { turnId: `t_${n}` },
    error: n === 7 ? { message: "broke" } : null,
    ...more,
  });
  await storage.batchCreateSpans({
    records: Array.from({ length: MANY }, (_none, n) => [
      span(n, {}),
      span(n, { spanId: `tool-${n}`, parentSpanId: `root-${n}`, name: "tool: get-case" }),
    ]).flat() as never,
  });
});

const RANGE = { from: new Date(BEGUN).toISOString(), to: new Date(BEGUN + 3_600_000).toISOString() };

async function query(request: object) {
  const plan = planTraceQuery(parseTraceQueryRequest({ timeRange: RANGE, ...request }));
  const answer = await storage.queryTraces(plan);
  if (!("page" in answer) || !("traces" in answer)) throw new Error("no page of traces");
  return answer;
}
const numbers = (traces: { traceId: string }[]) =>
  traces.map(({ traceId }) => Number(traceId.slice("trace-".length)));
const equals = (path: string, value: string) => ({
  where: { op: "eq", left: { path }, right: { literal: value } },
});
const bothOf = (...questions: { where: object }[]) => ({
  where: { op: "and", args: questions.map(({ where }) => where) },
});

describe("traces that a store can list", () => {
  it.each(["asc", "desc"])("come page by page, each once, %s", async (direction) => {
    const seen: number[] = [];
    let after: string | null = null;
    do {
      const { traces, page } = await query({
        orderBy: [{ field: "startedAt", direction }],
        page: { limit: 25, after },
      });
      seen.push(...numbers(traces));
      after = page.next;
    } while (after !== null);

    expect(seen).toHaveLength(MANY);
    expect(new Set(seen).size).toBe(MANY);
    const seconds = seen.map(secondOf);
    const sorted = [...seconds].sort((one, other) => one - other);
    expect(seconds).toEqual(direction === "asc" ? sorted : sorted.reverse());
  });

  it("are told with what a row of the page shows", async () => {
    const { traces } = await query({ ...equals("metadata.turnId", "t_8"), page: { limit: 10, after: null } });
    expect(traces).toMatchObject([
      {
        traceId: "trace-8",
        rootSpanId: "root-8",
        name: "turn: shop",
        entityName: "shop",
        entityType: "agent",
        status: "success",
        startedAt: new Date(BEGUN + 2_000).toISOString(),
        metadata: { turnId: "t_8" },
      },
    ]);
  });

  it("are those of the time asked for, without its end", async () => {
    const timeRange = {
      from: new Date(BEGUN + 1_000).toISOString(),
      to: new Date(BEGUN + 3_000).toISOString(),
    };
    const { traces } = await query({ timeRange, page: { limit: 50, after: null } });
    expect(numbers(traces).sort((one, other) => one - other)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it("are those that a field equals", async () => {
    const all = { page: { limit: 100, after: null } };
    expect(numbers((await query({ ...equals("status", "error"), ...all })).traces)).toEqual([7]);
    expect((await query({ ...equals("entityName", "helpdesk"), ...all })).traces).toHaveLength(MANY / 2);
    const both = bothOf(equals("entityName", "shop"), equals("status", "error"));
    expect((await query({ ...both, ...all })).traces).toEqual([]);
    // Studio's filter for a kind of primitive says it twice.
    const twice = bothOf(equals("entityType", "agent"), equals("entityType", "agent"));
    expect((await query({ ...twice, ...all })).traces).toHaveLength(MANY);
  });

  it.each([
    [{ where: { op: "ne", left: { path: "status" }, right: { literal: "error" } } }, "ne"],
    [equals("traceId", "trace-3"), "traceId"],
    [equals("metadata.__proto__", "x"), "metadata.__proto__"],
    [bothOf(equals("status", "error"), equals("status", "success")), "two values of status"],
    [
      bothOf(equals("metadata.turnId", "t_1"), equals("metadata.turnId", "t_2")),
      "two values of metadata.turnId",
    ],
    [{ where: { spans: { some: equals("name", "tool: get-case").where } } }, "spans"],
  ])("are refused by name when asked for otherwise: %j", async (request, name) => {
    await expect(query({ ...request, page: { limit: 5, after: null } })).rejects.toThrow(`by ${name} here`);
  });
});
