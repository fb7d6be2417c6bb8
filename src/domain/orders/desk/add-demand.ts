import { requestHandoff } from "../../handoffs/request-handoff.ts";
import { dropOperationsOf, mergeOperations } from "../../pictures/merge-operations.ts";
import type { Records } from "../../records.ts";
import { type Result, refuse } from "../../result.ts";
import type { TextEvidence } from "../evidence.ts";
import { type Demand, type ImageOrder, OPEN_STATUSES, type OrderRevision } from "../order.ts";
import type { OrderStatus } from "../order-status.ts";
import type { QuoteCertificate } from "../quote-certificate.ts";
import type { Service } from "../service.ts";
import type { DeskDeps } from "./deps.ts";
import { moveOrder } from "./move-order.ts";
import { asOpened, logRejected, type OpenedOrder, openOrder, quoteIt } from "./open-order.ts";
import type { OrderDemand } from "./order-demand.ts";
import { mayStart } from "./payment.ts";
import { queueSupplement } from "./tell-designer.ts";
import { waitingDemands } from "./waiting-demands.ts";
import { weighDemand } from "./weigh-demand.ts";

export type AddedDemand = OpenedOrder & {
  /**
   * attached: a new revision of the order. opened: what the order was opened with, said again. follow_up: the order was
   * delivered, so a new one links back.
   */
  status: "attached" | "opened" | "follow_up" | "rejected" | "review";
  deltaFen: number;
};

type Added = Result<AddedDemand, "not-found" | "not-open">;

/** Work has begun: what was agreed is not taken back, and the price never falls below it. */
function isAtWork(deps: DeskDeps, order: ImageOrder): boolean {
  if (order.dispatch_no !== null) return true;
  if (order.status === "accepted") return mayStart(deps, order);
  return ["processing", "dispatched", "handed_off", "failed"].includes(order.status);
}

/**
 * A later demand on an order: its own risk check, a revision, a new price for the whole. Before work the buyer agrees
 * to a changed price anew; with a designer at work it goes to 图绘 as a supplement; after delivery it opens a follow-up
 * order at full base, on what was delivered.
 */
export async function addDemand(deps: DeskDeps, orderId: string, added: OrderDemand): Promise<Added> {
  const { store } = deps;
  const order = await store.orders.find(orderId);
  const conversation = order === null ? null : await store.conversations.find(order.conversation_id);
  if (order === null || conversation === null) return refuse("not-found");
  const revisions = await store.orders.revisions(orderId);
  const same = revisions.filter(
    (revision) =>
      (added.pictures.length === 0 || revision.pictures.join() === added.pictures.join()) &&
      (revision.text === added.words || isRestOfTurn(revision, order, added)),
  );
  if (order.status === "delivered" || order.status === "closed") {
    // Said again later it is a new wish; in the same turn it is the one whose words were cut off.
    const ofThisTurn = same.find(({ source_id }) => source_id === added.sourceId);
    if (ofThisTurn !== undefined) return { ok: true, value: await asAdded(deps, order, ofThisTurn) };
    const opened = await openOrder(deps, conversation, await followUp(deps, order, added));
    return { ok: true, value: { ...opened, status: "follow_up", deltaFen: opened.quote?.total_fen ?? 0 } };
  }
  if (!OPEN_STATUSES.includes(order.status)) return refuse("not-open");
  // Blue, red, and blue after all is no repetition, nor is what a person has refused.
  const repeated = same.find(
    (it) => it.source_id === added.sourceId || (it === revisions.at(-1) && it.status !== "dropped"),
  );
  if (repeated !== undefined) {
    const again = await asAdded(deps, order, repeated);
    const isOpening = repeated === revisions[0] && again.status === "attached";
    return { ok: true, value: isOpening ? { ...again, status: "opened" } : again };
  }

  const pictures = [...new Set([...order.pictures, ...added.pictures])];
  const demand = mergeDemand(order.demand, added);
  const evidence = await Promise.all(pictures.map((picture) => deps.readText(picture)));
  const risk = await weighDemand(
    deps,
    conversation,
    { ...added, services: demand.services, pictures, local: demand.local },
    evidence,
  );
  if (risk.assessment.decision === "reject") {
    await store.transaction((tx) =>
      logRejected(deps, tx, conversation, { ...added, parentId: order.id }, risk),
    );
    const before = await asOpened(deps, order);
    return { ok: true, value: { ...before, risk, status: "rejected", deltaFen: 0 } };
  }

  const outcome = await store.transaction(async (tx) => {
    const current = await tx.orders.find(orderId);
    if (current === null) return refuse("not-found" as const);
    if (!OPEN_STATUSES.includes(current.status)) return "ended-meanwhile";
    await tx.certificates.addRisk({
      id: risk.id,
      image_task_id: orderId,
      certificate: risk,
      created_at: deps.ambient.now(),
    });
    await tx.orders.change(orderId, {
      demand,
      pictures,
      risk_id: risk.id,
      ...(added.deadlineAt == null ? {} : { deadline_at: added.deadlineAt }),
    });
    const isReview = risk.assessment.decision === "review";
    const { quote, deltaFen, wasAgreed } = await reprice(
      deps,
      tx,
      { ...current, demand, pictures },
      evidence,
    );
    const revision = await tx.orders.addRevision({
      image_task_id: orderId,
      text: added.words,
      pictures: added.pictures,
      risk_id: risk.id,
      price_delta_fen: deltaFen,
      at: deps.ambient.now(),
      // What comes after a demand that is being weighed waits with it.
      status: isReview || (await waitingDemands(tx, orderId)).length > 0 ? "in_review" : "kept",
      before: { ...pickBefore(current), agreed: wasAgreed },
      source_id: added.sourceId,
    });
    const changed: ImageOrder = {
      ...current,
      demand,
      pictures,
      revision,
      quote_id: quote?.id ?? current.quote_id,
    };
    const moved = await settle(deps, tx, changed, { isReview, quote, deltaFen, wasAgreed });
    if (isReview)
      await requestHandoff(tx, deps.ambient, {
        conversation,
        reason: "risk_review",
        summary: risk.assessment.reasons.map((reason) => reason.words).join(" "),
        order: { id: orderId, pictures, totalFen: quote?.total_fen ?? null, risk: "review" },
        hours: deps.rules().hours,
      });
    return {
      ok: true as const,
      value: {
        order: moved,
        quote,
        risk,
        isNew: true,
        status: isReview ? ("review" as const) : ("attached" as const),
        deltaFen,
      },
    };
  });
  // Delivered or taken back while its risk was weighed: then that is what the demand meets.
  return outcome === "ended-meanwhile" ? await addDemand(deps, orderId, added) : outcome;
}

/**
 * A turn that was cut off runs again with all that was said since. When that asks for no other service, it is the demand
 * which the turn has added already.
 */
function isRestOfTurn(revision: OrderRevision, order: ImageOrder, added: OrderDemand): boolean {
  if (revision.source_id === null || revision.source_id !== added.sourceId) return false;
  const lines = new Set(added.words.split("\n"));
  return (
    revision.text.split("\n").every((line) => lines.has(line)) &&
    added.services.every((service) => order.demand.services.includes(service))
  );
}

/** The demand as it was added before, to be told in the same words: a turn that was cut off runs again. */
async function asAdded(deps: DeskDeps, order: ImageOrder, repeated: OrderRevision): Promise<AddedDemand> {
  const opened = await asOpened(deps, order);
  const isReview = repeated.risk_id === order.risk_id && opened.risk?.assessment.decision === "review";
  return { ...opened, status: isReview ? "review" : "attached", deltaFen: repeated.price_delta_fen };
}

function pickBefore({ status, demand, pictures, quote_id, risk_id, deadline_at }: ImageOrder) {
  return { status, demand, pictures, quote_id, risk_id, deadline_at };
}

/** The whole order's new price, beside the one before. */
async function reprice(deps: DeskDeps, tx: Records, order: ImageOrder, evidence: TextEvidence[]) {
  const before = order.quote_id === null ? null : await tx.certificates.findQuote(order.quote_id);
  const hasBegun = isAtWork(deps, order);
  const wasAgreed = before?.status === "accepted";
  if (order.demand.services.length === 0 || order.kind === "find")
    return { quote: null, deltaFen: 0, wasAgreed };
  const quote = await quoteIt(deps, tx, order, evidence, {
    // What a person has fixed, or what was agreed before work, is the least.
    floorFen:
      hasBegun || before?.certificate.settled !== undefined ? (before?.certificate.total_fen ?? 0) : 0,
  });
  const deltaFen = before === null ? 0 : quote.total_fen - before.certificate.total_fen;
  // The same price needs no second yes, and work that runs is not stopped to ask for one.
  if (wasAgreed && (hasBegun || deltaFen === 0)) await tx.certificates.setQuoteStatus(quote.id, "accepted");
  return { quote, deltaFen, wasAgreed };
}

/** Where the order stands after the demand. */
async function settle(
  deps: DeskDeps,
  tx: Records,
  order: ImageOrder,
  now: { isReview: boolean; quote: QuoteCertificate | null; deltaFen: number; wasAgreed: boolean },
): Promise<ImageOrder> {
  const move = (to: OrderStatus, cause: string) => moveOrder(tx, deps.ambient, order, to, cause);
  // What must be looked at stops what has not gone out yet; a designer is told when it is cleared.
  if (now.isReview)
    return ["draft", "quoted", "accepted", "processing", "dispatched"].includes(order.status)
      ? await move("review", "risk")
      : order;
  if (order.status === "draft" && now.quote !== null) return await move("quoted", "demand-added");
  if (order.status === "accepted" && !isAtWork(deps, order) && now.wasAgreed && now.deltaFen !== 0)
    return await move("quoted", "price-changed");
  if (order.dispatch_no !== null) await queueSupplement(tx, order.id);
  return order;
}

/** New work on what was delivered, or another search: that is for another picture, and its workflow looks for it. */
async function followUp(deps: DeskDeps, order: ImageOrder, added: OrderDemand): Promise<OrderDemand> {
  const isSearch = added.services.length > 0 && added.services.every((service) => service === "find_image");
  if (isSearch) return { ...added, kind: "find", operations: [], local: false, parentId: order.id };
  return {
    ...added,
    kind: added.kind === "find" ? "process" : added.kind,
    pictures: added.pictures.length > 0 ? added.pictures : await deliveredPictures(deps, order),
    parentId: order.id,
  };
}

/** What the buyer has been given: a demand after delivery speaks of that, not of what they once sent. */
async function deliveredPictures({ store }: DeskDeps, order: ImageOrder): Promise<string[]> {
  const given = await Promise.all(order.deliveries.map(({ file }) => store.pictures.find(file)));
  const known = given.flatMap((picture) => (picture === null ? [] : [picture.id]));
  return known.length > 0 ? known : order.pictures;
}

function mergeDemand(before: Demand, added: OrderDemand): Demand {
  const demand = withoutServices(before, added.withdrawn ?? []);
  const services = new Set<Service>([...demand.services, ...added.services]);
  const contradictions = [...new Set([...(demand.contradictions ?? []), ...(added.contradictions ?? [])])];
  const handmade = [demand, added].map(handmadeOf);
  return {
    services: [...services],
    operations: mergeOperations(demand.operations, added.operations),
    local: demand.local && added.local,
    urgent: demand.urgent || added.urgent,
    words: `${demand.words}\n${added.words}`.trim(),
    ...(contradictions.length === 0 ? {} : { contradictions }),
    ...(handmade.every((them) => them !== null) ? { handmade: [...new Set(handmade.flat())] } : {}),
  };
}

/** Null when not only services are the reason for a designer. */
function handmadeOf({ local, handmade }: Pick<Demand, "local" | "handmade">): Service[] | null {
  return handmade ?? (local ? [] : null);
}

/** What is left when the buyer takes services back; work that only they asked for is no longer a reason for a designer. */
function withoutServices(demand: Demand, withdrawn: readonly Service[]): Demand {
  const services = demand.services.filter((service) => !withdrawn.includes(service));
  if (services.length === demand.services.length) return demand;
  const handmade = handmadeOf(demand)?.filter((service) => !withdrawn.includes(service));
  return {
    ...demand,
    services,
    operations: dropOperationsOf(withdrawn, demand.operations),
    local: handmade?.length === 0 || services.length === 0,
    ...(handmade === undefined ? {} : { handmade }),
  };
}
