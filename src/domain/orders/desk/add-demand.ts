import { requestHandoff } from "../../handoffs/request-handoff.ts";
import { type Result, refuse } from "../../result.ts";
import { type Demand, OPEN_STATUSES } from "../order.ts";
import type { Service } from "../service.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { assess, type OpenedOrder, type OrderDemand, openOrder, quoteIt } from "./open-order.ts";

export type AddedDemand = OpenedOrder & {
  /** attached: a new revision of the order. follow_up: the order was delivered, so a new one links back. */
  status: "attached" | "follow_up" | "rejected" | "review";
  deltaFen: number;
};

/**
 * A later demand on an order: its own risk check, a revision, a new price for the whole. With a designer at work
 * it goes to 图绘 as a supplement; after delivery it opens a follow-up order at full base.
 */
export async function addDemand(
  deps: DeskDeps,
  orderId: string,
  added: OrderDemand,
): Promise<Result<AddedDemand, "not-found" | "not-open">> {
  const { store, ambient } = deps;
  const order = await store.orders.find(orderId);
  const conversation = order === null ? null : await store.conversations.find(order.conversation_id);
  if (order === null || conversation === null) return refuse("not-found");
  if (order.status === "delivered" || order.status === "closed") {
    const opened = await openOrder(deps, conversation, {
      ...added,
      kind: added.kind === "find" ? "process" : added.kind,
      pictures: added.pictures.length > 0 ? added.pictures : order.pictures,
      parentId: order.id,
    });
    return { ok: true, value: { ...opened, status: "follow_up", deltaFen: opened.quote?.total_fen ?? 0 } };
  }
  if (!OPEN_STATUSES.includes(order.status)) return refuse("not-open");

  const revisions = await store.orders.revisions(orderId);
  const isRepeat = revisions.some(
    (revision) => revision.text === added.words && revision.pictures.join() === added.pictures.join(),
  );
  const pictures = [...new Set([...order.pictures, ...added.pictures])];
  const demand = mergeDemand(order.demand, added);
  const evidence = await Promise.all(pictures.map((picture) => deps.readText(picture)));
  const risk = await assess(deps, conversation, { ...added, services: demand.services, pictures }, evidence);
  const before = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
  if (isRepeat)
    return {
      ok: true,
      value: {
        order,
        quote: before?.certificate ?? null,
        risk,
        isNew: false,
        status: "attached",
        deltaFen: 0,
      },
    };
  if (risk.assessment.decision === "reject")
    return {
      ok: true,
      value: {
        order,
        quote: before?.certificate ?? null,
        risk,
        isNew: false,
        status: "rejected",
        deltaFen: 0,
      },
    };

  return await store.transaction(async (tx) => {
    const now = ambient.now();
    await tx.certificates.addRisk({
      id: risk.id,
      image_task_id: orderId,
      certificate: risk,
      created_at: now,
    });
    await tx.orders.change(orderId, { demand, pictures, risk_id: risk.id });
    const changed = { ...order, demand, pictures };
    const isWorking = ["accepted", "processing", "dispatched", "handed_off", "failed"].includes(order.status);
    const quote =
      demand.services.length === 0 || order.kind === "find"
        ? null
        : await quoteIt(deps, tx, changed, evidence, {
            floorFen: isWorking ? (before?.certificate.total_fen ?? 0) : 0,
          });
    const deltaFen = quote === null || before === null ? 0 : quote.total_fen - before.certificate.total_fen;
    const revision = await tx.orders.addRevision({
      image_task_id: orderId,
      text: added.words,
      pictures: added.pictures,
      risk_id: risk.id,
      price_delta_fen: deltaFen,
      at: now,
    });
    if (isWorking && quote !== null) await tx.certificates.setQuoteStatus(quote.id, "accepted");
    if (order.dispatch_no !== null)
      await tx.jobs.enqueue({
        kind: "tuhui-requirement",
        key: `tuhui-requirement:${orderId}:${revision}`,
        payload: { orderId, revision },
        maxAttempts: 50,
      });
    let current = { ...changed, revision };
    if (risk.assessment.decision === "review") {
      if (order.status === "draft" || order.status === "quoted")
        current = await moveOrder(tx, ambient, current, "review", "risk");
      await requestHandoff(tx, ambient, {
        conversation,
        reason: "risk_review",
        summary: risk.assessment.reasons.map((reason) => reason.words).join(" "),
        order: { id: orderId, pictures, totalFen: quote?.total_fen ?? null, risk: "review" },
        hours: deps.rules().hours,
      });
    } else if (order.status === "draft" && quote !== null)
      current = await moveOrder(tx, ambient, current, "quoted", "demand-added");
    return {
      ok: true as const,
      value: {
        order: current,
        quote,
        risk,
        isNew: true,
        status: risk.assessment.decision === "review" ? ("review" as const) : ("attached" as const),
        deltaFen,
      },
    };
  });
}

function mergeDemand(demand: Demand, added: OrderDemand): Demand {
  const services = new Set<Service>([...demand.services, ...added.services]);
  return {
    services: [...services],
    operations: [...demand.operations, ...added.operations],
    local: demand.local && added.local,
    urgent: demand.urgent || added.urgent,
    words: `${demand.words}\n${added.words}`.trim(),
  };
}
