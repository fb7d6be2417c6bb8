import type { Conversation } from "../conversations/conversation.ts";
import { type Result, refuse } from "../result.ts";
import { type AcceptRefusal, acceptOrder } from "./desk/accept-order.ts";
import { type AddedDemand, addDemand } from "./desk/add-demand.ts";
import { type DeskDeps, ORDERS_LOOKED_AT } from "./desk/deps.ts";
import { cancelOrder, declineOrder } from "./desk/end-order.ts";
import { type OpenedOrder, openOrder } from "./desk/open-order.ts";
import type { OrderDemand } from "./desk/order-demand.ts";
import { markPaid } from "./desk/payment.ts";
import { confirmOrder, rejectOrder } from "./desk/person-decides.ts";
import { pickCandidates } from "./desk/pick-candidates.ts";
import { cancelByHand, deliverByHand, settlePrice, startByHand } from "./desk/settle-order.ts";
import { weighDemand } from "./desk/weigh-demand.ts";
import { type Delivery, type ImageOrder, OPEN_STATUSES } from "./order.ts";
import type { Service } from "./service.ts";

/** A demand fits an order that does such work already, or one of the same kind. */
function fits(order: ImageOrder, services: readonly Service[]): boolean {
  if (services.length === 0) return false;
  if (services.some((service) => order.demand.services.includes(service))) return true;
  return (order.kind === "find") === services.includes("find_image");
}

export type OrderDesk = ReturnType<typeof createOrderDesk>;

/**
 * Where orders are opened, priced, accepted, changed and ended. Every state of an order is written here or in
 * progress-order.ts, in one transaction with its certificate, its history and the jobs that follow from it.
 */
export function createOrderDesk(deps: DeskDeps) {
  const { store } = deps;
  return {
    /** Safe to repeat: one demand of one turn is one order per kind. */
    open: (conversation: Conversation, demand: OrderDemand): Promise<OpenedOrder> =>
      openOrder(deps, conversation, demand),
    /** Whether the rules reject this demand outright; nothing is stored. */
    async isForbidden(
      conversation: Conversation,
      demand: Pick<OrderDemand, "words" | "pictures">,
    ): Promise<boolean> {
      const evidence = await Promise.all(demand.pictures.map((picture) => deps.readText(picture)));
      const risk = await weighDemand(
        deps,
        conversation,
        {
          ...demand,
          sourceId: "",
          kind: "process",
          services: [],
          operations: [],
          local: false,
          urgent: false,
        },
        evidence,
      );
      return risk.assessment.decision === "reject";
    },
    pick: (
      orderId: string,
      numbers: number[],
    ): Promise<Result<OpenedOrder, "not-found" | "no-such-candidate" | "not-open">> =>
      pickCandidates(deps, orderId, numbers),
    accept: (orderId: string): Promise<Result<ImageOrder, AcceptRefusal>> =>
      store.transaction((tx) => acceptOrder(deps, tx, orderId)),
    decline: (orderId: string): Promise<Result<ImageOrder, "not-found" | "not-open">> =>
      store.transaction((tx) => declineOrder(deps, tx, orderId)),
    cancel: (orderId: string, cause: string): Promise<Result<ImageOrder, "not-found" | "not-open">> =>
      store.transaction((tx) => cancelOrder(deps, tx, orderId, cause)),
    addDemand: (
      orderId: string,
      demand: OrderDemand,
    ): Promise<Result<AddedDemand, "not-found" | "not-open">> => addDemand(deps, orderId, demand),
    paid: (orderId: string, by: string): Promise<Result<ImageOrder, "not-found" | "not-open">> =>
      store.transaction((tx) => markPaid(deps, tx, orderId, by)),
    confirm: (orderId: string, by: string): Promise<Result<ImageOrder, "not-found" | "not-in-review">> =>
      store.transaction((tx) => confirmOrder(deps, tx, orderId, by)),
    reject: (
      orderId: string,
      refusal: { by: string; reason: string },
    ): Promise<Result<{ order: ImageOrder; dropped: number[] }, "not-found" | "not-in-review">> =>
      store.transaction((tx) => rejectOrder(deps, tx, orderId, refusal)),
    settlePrice: (
      orderId: string,
      settled: { by: string; total_fen: number },
    ): Promise<Result<ImageOrder, "not-found" | "not-open" | "not-picked">> =>
      store.transaction((tx) => settlePrice(deps, tx, orderId, settled)),
    startByHand: (orderId: string, by: string): Promise<Result<ImageOrder, "not-found" | "not-open">> =>
      store.transaction((tx) => startByHand(deps, tx, orderId, by)),
    deliverByHand: (
      orderId: string,
      made: { by: string; deliveries: Delivery[] },
    ): Promise<Result<ImageOrder, "not-found" | "not-open">> =>
      store.transaction((tx) => deliverByHand(deps, tx, orderId, made)),
    cancelByHand: (orderId: string, by: string): Promise<Result<ImageOrder, "not-found" | "not-open">> =>
      store.transaction((tx) => cancelByHand(deps, tx, orderId, by)),
    /**
     * The order that a later demand is added to: the only open one, the only one that the demand fits, or, with none
     * open, the last one delivered.
     */
    async theOrderToAddTo(
      conversationId: string,
      demand: Pick<OrderDemand, "services">,
    ): Promise<Result<ImageOrder, "none" | "ambiguous">> {
      const orders = await store.orders.ofConversation(conversationId, ORDERS_LOOKED_AT);
      const open = orders.filter((order) => OPEN_STATUSES.includes(order.status));
      const fitting = open.filter((order) => fits(order, demand.services));
      const [only, ...others] = fitting.length > 0 ? fitting : open;
      if (only !== undefined) return others.length > 0 ? refuse("ambiguous") : { ok: true, value: only };
      const delivered = orders.find((order) => order.status === "delivered");
      return delivered === undefined ? refuse("none") : { ok: true, value: delivered };
    },
    /** The order that moved for this cause since then: what a turn did before it was cut off. */
    async theOrderMovedSince(
      conversationId: string,
      cause: string,
      since: number,
    ): Promise<Result<ImageOrder, "none">> {
      const orders = await store.orders.ofConversation(conversationId, ORDERS_LOOKED_AT);
      for (const order of orders.filter(({ updated_at }) => updated_at >= since))
        if ((await store.orders.history(order.id)).some((move) => move.cause === cause && move.at >= since))
          return { ok: true, value: order };
      return refuse("none");
    },
    /** The customer's order that a demand without a name speaks of; ambiguous when two open ones fit. */
    async theOpenOrder(
      conversationId: string,
      fits: (order: ImageOrder) => boolean,
    ): Promise<Result<ImageOrder, "none" | "ambiguous">> {
      const orders = (await store.orders.ofConversation(conversationId, ORDERS_LOOKED_AT)).filter(fits);
      const only = orders[0];
      if (only === undefined) return refuse("none");
      return orders.length > 1 ? refuse("ambiguous") : { ok: true, value: only };
    },
  };
}
