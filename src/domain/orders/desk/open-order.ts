import type { Conversation } from "../../conversations/conversation.ts";
import { plainText } from "../../conversations/message.ts";
import { requestHandoff } from "../../handoffs/request-handoff.ts";
import type { Operation } from "../../pictures/plan.ts";
import type { Records } from "../../records.ts";
import { type RiskInput, soundsAbusive, statesOwnership } from "../assess-risk.ts";
import type { TextEvidence } from "../evidence.ts";
import type { Candidate, ImageOrder } from "../order.ts";
import type { QuoteCertificate } from "../quote-certificate.ts";
import { issueRiskCertificate, type RiskCertificate } from "../risk-certificate.ts";
import type { OrderKind, Service } from "../service.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { needsText, priceOrder } from "./price-order.ts";

export type OrderDemand = {
  /** The turn (or firing) that asks: one order per turn and kind. */
  sourceId: string;
  kind: OrderKind;
  services: Service[];
  operations: Operation[];
  local: boolean;
  urgent: boolean;
  words: string;
  /** Ids of the pictures to work on. */
  pictures: string[];
  candidates?: Candidate[];
  enlargeFactor?: number | undefined;
  contradictions?: string[];
  /** When the buyer wants it at the latest, UTC ms. */
  deadlineAt?: number | null;
  /** What a model noticed; it can only add to what the rules find. */
  modelFlags?: RiskInput["model_flags"];
  parentId?: string;
};

export type OpenedOrder = {
  order: ImageOrder;
  quote: QuoteCertificate | null;
  risk: RiskCertificate | null;
  isNew: boolean;
};

const HOUR_MS = 60 * 60 * 1000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** What our own engine needs for an order, queue and all. */
const LOCAL_WORK_MS = 5 * 60 * 1000;
/** "2小时内" was said a little before we weigh it. */
const SAID_AGO_MS = 10 * 60 * 1000;
const MESSAGES_REMEMBERED = 50;

/** Opens an order: risk first, then the price. A rejected demand is an order too, with status rejected. */
export async function openOrder(
  deps: DeskDeps,
  conversation: Conversation,
  demand: OrderDemand,
): Promise<OpenedOrder> {
  const { store, ambient } = deps;
  const id = `o_${demand.sourceId}_${demand.kind}`;
  const known = await store.orders.find(id);
  if (known !== null) return await asOpened(deps, known);

  // Reading text may take seconds: before the transaction.
  const evidence = await Promise.all(demand.pictures.map((picture) => deps.readText(picture)));
  const risk = await assess(deps, conversation, demand, evidence);
  return await store.transaction(async (tx) => {
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
    const order = await tx.orders.find(id);
    if (order === null || !added) throw new Error("order was opened twice at once");
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

    if (risk.assessment.decision === "reject") {
      const rejected = await moveOrder(tx, ambient, order, "rejected", "risk");
      return { order: rejected, quote: null, risk, isNew: true };
    }
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

/** Prices an order and keeps the certificate as its quote; an older quote is replaced. */
export async function quoteIt(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  evidence: TextEvidence[],
  { pictures = order.pictures.length, floorFen = 0 }: { pictures?: number; floorFen?: number } = {},
): Promise<QuoteCertificate> {
  const quote = priceOrder(
    deps,
    {
      services: order.demand.services,
      pictures,
      urgent: order.demand.urgent,
      evidence: needsText(deps, order.demand.services) ? evidence : [],
    },
    floorFen,
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

/** The order as it was opened before, with its certificates. */
export async function asOpened(deps: DeskDeps, order: ImageOrder): Promise<OpenedOrder> {
  const quote = order.quote_id === null ? null : await deps.store.certificates.findQuote(order.quote_id);
  const risk = order.risk_id === null ? null : await deps.store.certificates.findRisk(order.risk_id);
  return { order, quote: quote?.certificate ?? null, risk, isNew: false };
}

/** Weighs a demand with everything known of its pictures and buyer. */
export async function assess(
  deps: DeskDeps,
  conversation: Conversation,
  demand: OrderDemand,
  evidence: TextEvidence[],
): Promise<RiskCertificate> {
  const { store, ambient } = deps;
  const rules = deps.rules();
  const { designer } = rules.pricing;
  const now = ambient.now();
  const pictures = await Promise.all(demand.pictures.map((id) => store.pictures.find(id)));
  const customer = await store.customers.find(conversation.customer_id, conversation.platform);
  return issueRiskCertificate({
    id: ambient.newId("r"),
    input: {
      words: demand.words,
      ocr_text: evidence.flatMap((text) => text.boxes.map((box) => box.text)).join("\n"),
      services: demand.services,
      pictures: pictures.flatMap((picture, index) =>
        picture === null
          ? []
          : [
              {
                width: picture.facts.width,
                height: picture.facts.height,
                verdict: evidence[index]?.verdict ?? ("unsure" as const),
              },
            ],
      ),
      ownership_stated: statesOwnership(demand.words, rules.risk),
      buyer: {
        blacklisted: customer?.blacklisted ?? false,
        unpaid_quotes_7d: await store.certificates.countUnpaid(conversation.customer_id, {
          since: now - WEEK_MS,
          expiredBefore: now - rules.pricing.quote_valid_hours * HOUR_MS,
          requirePayment: rules.pricing.require_payment,
        }),
        abusive: await wasAbusive(deps, conversation.id, demand.words),
      },
      model_flags: demand.modelFlags ?? [],
      ...(demand.contradictions === undefined || demand.contradictions.length === 0
        ? {}
        : { contradictions: demand.contradictions }),
      ...(demand.deadlineAt == null
        ? {}
        : {
            deadline_ms: demand.deadlineAt,
            earliest_finish_ms:
              now + (demand.local ? LOCAL_WORK_MS : designer.urgent_hours * HOUR_MS - SAID_AGO_MS),
          }),
      ...(demand.enlargeFactor === undefined ? {} : { enlarge_factor: demand.enlargeFactor }),
    },
    rules: rules.risk,
    rulesVersion: rules.riskVersion,
    now,
  });
}

/** Whether the buyer was abusive before these words, in the last week of this conversation. */
async function wasAbusive(
  { store, ambient, rules }: DeskDeps,
  conversationId: string,
  words: string,
): Promise<boolean> {
  const since = ambient.now() - WEEK_MS;
  const recent = await store.messages.recent(conversationId, MESSAGES_REMEMBERED);
  return recent
    .filter((message) => message.author === "buyer" && message.at >= since)
    .map((message) => plainText(message.parts))
    .some((text) => text !== "" && !words.includes(text) && soundsAbusive(text, rules().risk));
}
