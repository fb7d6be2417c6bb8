import type { Conversation } from "../../conversations/conversation.ts";
import { requestHandoff } from "../../handoffs/request-handoff.ts";
import type { Records } from "../../records.ts";
import type { TextEvidence } from "../evidence.ts";
import type { ImageOrder } from "../order.ts";
import type { QuoteCertificate } from "../quote-certificate.ts";
import type { RiskCertificate } from "../risk-certificate.ts";
import { type DeskDeps, ORDERS_LOOKED_AT } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import type { OrderDemand } from "./order-demand.ts";
import { needsText, priceOrder } from "./price-order.ts";
import { weighDemand } from "./weigh-demand.ts";

export type OpenedOrder = {
  order: ImageOrder;
  quote: QuoteCertificate | null;
  risk: RiskCertificate | null;
  isNew: boolean;
};

/** Opens an order: risk first, then the price. A rejected demand is an order too, with status rejected. */
export async function openOrder(
  deps: DeskDeps,
  conversation: Conversation,
  demand: OrderDemand,
): Promise<OpenedOrder> {
  const { store, ambient } = deps;
  const id = idOf(demand);
  const known = (await store.orders.find(id)) ?? (await sameSearch(deps, conversation, demand));
  if (known !== null) return await asOpened(deps, known);

  // Reading text may take seconds: before the transaction.
  const evidence = await Promise.all(demand.pictures.map((picture) => deps.readText(picture)));
  const risk = await weighDemand(deps, conversation, demand, evidence);
  return await store.transaction(async (tx) => {
    if (risk.assessment.decision === "reject") {
      const rejected = await logRejected(deps, tx, conversation, demand, risk);
      return { order: rejected, quote: null, risk, isNew: true };
    }
    const order = await record(deps, tx, conversation, demand, risk);
    // A find order is priced when the buyer has picked; a design order by a person.
    const isPriced = demand.kind === "process" && demand.services.length > 0;
    const quote = isPriced ? await quoteIt(deps, tx, order, evidence) : null;
    if (risk.assessment.decision === "review") {
      const reviewed = await moveOrder(tx, ambient, order, "review", "risk");
      await requestHandoff(tx, ambient, {
        conversation,
        reason: "risk_review",
        summary: risk.assessment.reasons.map((reason) => reason.words).join(" "),
        order: { id, pictures: demand.pictures, totalFen: quote?.total_fen ?? null, risk: "review" },
        hours: deps.rules().hours,
      });
      return { order: reviewed, quote, risk, isNew: true };
    }
    if (quote === null) {
      await tx.jobs.enqueue({
        kind: "workflow",
        key: `workflow:${id}`,
        payload: { orderId: id },
        maxAttempts: 10,
      });
      return { order, quote, risk, isNew: true };
    }
    return { order: await moveOrder(tx, ambient, order, "quoted", "quote"), quote, risk, isNew: true };
  });
}

/** What may not be done is an order too, with status rejected: the refusal has a record. Safe to repeat. */
export async function logRejected(
  deps: DeskDeps,
  tx: Records,
  conversation: Conversation,
  demand: OrderDemand,
  risk: RiskCertificate,
): Promise<ImageOrder> {
  const known = await tx.orders.find(idOf(demand));
  if (known !== null) return known;
  const order = await record(deps, tx, conversation, demand, risk);
  return await moveOrder(tx, deps.ambient, order, "rejected", "risk");
}

function idOf({ sourceId, kind }: OrderDemand): string {
  return `o_${sourceId}_${kind}`;
}

/** The order's row with its first demand and how that was weighed. */
async function record(
  { ambient }: DeskDeps,
  tx: Records,
  conversation: Conversation,
  demand: OrderDemand,
  risk: RiskCertificate,
): Promise<ImageOrder> {
  const id = idOf(demand);
  const now = ambient.now();
  const added = await tx.orders.add(
    {
      id,
      conversation_id: conversation.id,
      customer_id: conversation.customer_id,
      kind: demand.kind,
      demand: {
        services: demand.services,
        operations: demand.operations,
        local: demand.local,
        ...(demand.handmade === undefined ? {} : { handmade: demand.handmade }),
        urgent: demand.urgent,
        words: demand.words,
        ...(demand.contradictions === undefined ? {} : { contradictions: demand.contradictions }),
      },
      pictures: demand.pictures,
      candidates: demand.candidates ?? [],
      parent_id: demand.parentId ?? null,
    },
    now,
  );
  if (!added) throw new Error("order was opened twice at once");
  await tx.certificates.addRisk({ id: risk.id, image_task_id: id, certificate: risk, created_at: now });
  await tx.orders.addRevision({
    image_task_id: id,
    text: demand.words,
    pictures: demand.pictures,
    risk_id: risk.id,
    price_delta_fen: 0,
    at: now,
  });
  await tx.orders.change(id, { risk_id: risk.id, deadline_at: demand.deadlineAt ?? null });
  const order = await tx.orders.find(id);
  if (order === null) throw new Error(`no order ${id}`);
  return order;
}

/** Prices an order and keeps the certificate as its quote; an older quote is replaced. */
export async function quoteIt(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  evidence: TextEvidence[],
  {
    pictures = order.pictures.length,
    ...terms
  }: { pictures?: number; floorFen?: number; settled?: { by: string; total_fen: number } } = {},
): Promise<QuoteCertificate> {
  const quote = priceOrder(
    deps,
    {
      services: order.demand.services,
      pictures,
      urgent: order.demand.urgent,
      evidence: needsText(deps, order.demand.services) ? evidence : [],
    },
    terms,
  );
  if (order.quote_id !== null) await tx.certificates.setQuoteStatus(order.quote_id, "replaced");
  await tx.certificates.addQuote({
    id: quote.id,
    image_task_id: order.id,
    conversation_id: order.conversation_id,
    certificate: quote,
    created_at: deps.ambient.now(),
  });
  await tx.orders.change(order.id, { quote_id: quote.id });
  order.quote_id = quote.id;
  return quote;
}

/** A search that was asked for again in the same words and found the same, while the first still waits for the buyer. */
async function sameSearch(
  { store }: DeskDeps,
  { id }: Conversation,
  { kind, words, pictures, candidates = [] }: OrderDemand,
): Promise<ImageOrder | null> {
  if (kind !== "find") return null;
  const asked = JSON.stringify([words, pictures, candidates]);
  const open = await store.orders.ofConversation(id, ORDERS_LOOKED_AT);
  const same = open.find(
    (order) =>
      order.kind === "find" &&
      ["draft", "quoted", "review"].includes(order.status) &&
      JSON.stringify([order.demand.words, order.pictures, order.candidates]) === asked,
  );
  return same ?? null;
}

/** The order as it was opened before, with its certificates. */
export async function asOpened(deps: DeskDeps, order: ImageOrder): Promise<OpenedOrder> {
  const quote = order.quote_id === null ? null : await deps.store.certificates.findQuote(order.quote_id);
  const risk = order.risk_id === null ? null : await deps.store.certificates.findRisk(order.risk_id);
  return { order, quote: quote?.certificate ?? null, risk, isNew: false };
}
