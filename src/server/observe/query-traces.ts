import {
  buildInputPreview,
  compareTraceQueryStrings,
  encodeTraceQueryCursor,
  type ListTracesArgs,
  type ListTracesResponse,
  type ObservabilityStorage,
  type TraceQueryTrace,
  type TrustedTraceQueryPlan,
  type TrustedTraceQueryPredicate,
  type TrustedTraceQueryTracesPlan,
} from "@mastra/core/storage";
import { AppError } from "../../domain/errors.ts";

/** As many as a store lists. */
const LISTED_AT_ONCE = 100;
/** Fields of a trace that its own list can be filtered by, when they are to equal something. */
const FIELDS = ["entityName", "entityType", "environment", "resourceId", "status", "threadId"] as const;
const METADATA = "metadata.";
const NAME = /^[A-Za-z]\w*$/u;
type Filters = NonNullable<ListTracesArgs["filters"]>;
type Stored = ListTracesResponse["spans"][number];

/**
 * Lets a store of traces answer the question that Studio's page of traces asks. Mastra's stores for libSQL and PostgreSQL can
 * list traces by time and by what a field equals, and say that they cannot be queried at all; so what such a list can
 * tell is told from it, and anything else is refused by its name.
 *
 * @throws AppError("trace-query-unsupported") for other operators, fields, orders of pages, and groups
 */
export function makeQueryable(storage: ObservabilityStorage): void {
  storage.getFeatures = () => ["trace-query"];
  storage.queryTraces = async (plan) => {
    const asked = readPlan(plan);
    const { direction, field } = asked.orderBy;
    const { filters, limit, cursor } = asked;
    const sign = direction === "desc" ? -1 : 1;
    const compare = (one: Place, other: Place) =>
      sign *
      (compareTraceQueryStrings(one.sortValue, other.sortValue) ||
        compareTraceQueryStrings(one.traceId, other.traceId));
    const placeOf = (trace: TraceQueryTrace): Place => ({ sortValue: trace[field], traceId: trace.traceId });
    const found = new Map<string, TraceQueryTrace>();
    // Up to the first that comes later than the page's last: those of one instant come in no order.
    for (let page = 0; ; page += 1) {
      const { spans } = await storage.listTraces({
        filters: cursor === undefined ? filters : withinCursor(filters, asked.orderBy, cursor.sortValue),
        orderBy: { field, direction: direction === "desc" ? "DESC" : "ASC" },
        pagination: { page, perPage: LISTED_AT_ONCE },
      });
      for (const span of spans) {
        if (span.endedAt == null || iso(span.startedAt) >= plan.timeRange.to) continue;
        const trace = toTrace(span);
        // One that came meanwhile moves the others on: the next part then begins with what was read.
        if (cursor === undefined || compare(placeOf(trace), cursor) > 0) found.set(trace.traceId, trace);
      }
      const read = [...found.values()];
      const [nth, last] = [read[limit - 1], read.at(-1)];
      const isEnough = nth !== undefined && last !== undefined && last[field] !== nth[field];
      if (isEnough || spans.length < LISTED_AT_ONCE) break;
    }
    const traces = [...found.values()].sort((one, other) => compare(placeOf(one), placeOf(other)));
    const page = traces.slice(0, limit);
    const last = page.at(-1);
    const next =
      last === undefined || traces.length <= limit
        ? null
        : encodeTraceQueryCursor(asked.plan, { result: "traces", ...placeOf(last) });
    return { traces: page, page: { next } };
  };
}

type Place = { sortValue: string; traceId: string };

function readPlan(plan: TrustedTraceQueryPlan) {
  if (plan.result !== "traces") throw unsupported("groups");
  if (plan.paginationMode !== "keyset") throw unsupported(`pages by ${plan.paginationMode}`);
  if (plan.scope !== undefined) throw unsupported("a tenant's scope");
  const { from, to } = plan.timeRange;
  const filters: Filters = { startedAt: { start: new Date(from), end: new Date(to) } };
  addFilters(filters, plan.where);
  return { plan, filters, orderBy: plan.orderBy, limit: plan.limit, cursor: plan.cursor };
}

function addFilters(filters: Filters, where: TrustedTraceQueryPredicate | undefined): void {
  if (where === undefined) return;
  if (where.type === "boolean" && where.operator === "and") {
    for (const each of where.args) addFilters(filters, each);
    return;
  }
  if (where.type === "relation") throw unsupported(where.collection);
  if (where.type !== "comparison" || where.operator !== "eq")
    throw unsupported("operator" in where ? where.operator : where.type);
  if (where.field.startsWith(METADATA)) {
    if (!NAME.test(where.field.slice(METADATA.length))) throw unsupported(where.field);
    filters.metadata ??= {};
    addValue(filters.metadata, where.field.slice(METADATA.length), where);
    return;
  }
  const name = FIELDS.find((field) => field === where.field);
  if (name === undefined) throw unsupported(where.field);
  // Its own schema checks what a list takes.
  addValue(filters, name, where);
}

/** Studio may say the same twice; a list has room for one value of a field, and the other must not be lost. */
function addValue(
  filters: Record<string, unknown>,
  name: string,
  { field, value }: { field: string; value: unknown },
): void {
  if (Object.hasOwn(filters, name) && filters[name] !== value) throw unsupported(`two values of ${field}`);
  filters[name] = value;
}

/** From the last trace of the page before on; those of the very same instant are told apart by their ids. */
function withinCursor(
  filters: Filters,
  { field, direction }: TrustedTraceQueryTracesPlan["orderBy"],
  sortValue: string,
): Filters {
  const bound = direction === "desc" ? { end: new Date(sortValue) } : { start: new Date(sortValue) };
  return { ...filters, [field]: { ...filters[field], ...bound } };
}

function toTrace(span: Stored): TraceQueryTrace {
  return {
    traceId: span.traceId,
    rootSpanId: span.spanId,
    name: span.name,
    entityId: span.entityId ?? null,
    parentSpanId: span.parentSpanId ?? null,
    createdAt: iso(span.startedAt),
    metadata: span.metadata ?? null,
    inputPreview: buildInputPreview(span.input) ?? null,
    threadId: span.threadId ?? null,
    resourceId: span.resourceId ?? null,
    startedAt: iso(span.startedAt),
    endedAt: iso(span.endedAt ?? span.startedAt),
    entityName: span.entityName ?? null,
    entityType: span.entityType ?? null,
    environment: span.environment ?? null,
    status: span.error == null ? "success" : "error",
  };
}

function iso(at: Date): string {
  return new Date(at).toISOString();
}

function unsupported(what: string): AppError {
  return new AppError("trace-query-unsupported", `traces cannot be asked for by ${what} here`);
}
