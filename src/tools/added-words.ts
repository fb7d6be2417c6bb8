import { candidateWords } from "../domain/orders/candidate-words.ts";
import type { AddedDemand } from "../domain/orders/desk/add-demand.ts";
import type { ShopRules } from "../domain/orders/desk/deps.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import type { Service } from "../domain/orders/service.ts";
import { yuan } from "../domain/replies.ts";
import { orderWords } from "./order-words.ts";
import { riskWords } from "./risk-words.ts";

type Told = {
  before: ImageOrder;
  added: AddedDemand;
  /** What the buyer no longer wants. */
  withdrawn: readonly Service[];
};

/** What the buyer is told of a later demand: what is no longer done, what it changes, and whether a yes is needed. */
export function addedWords({ before, added, withdrawn }: Told, rules: () => ShopRules): string {
  const { say } = rules();
  // The order may be in a person's hands already: what is said is about the demand.
  if (added.status === "rejected" || added.status === "review")
    return riskWords(added.status, added.risk, say);
  const isQuotedAgain = added.status === "opened" && added.order.status === "quoted";
  if (added.status === "follow_up" || isQuotedAgain) return orderWords(added, say);
  const price = priceWords({ before, added }, rules);
  const gone = withdrawn.filter((service) => before.demand.services.includes(service));
  const isGone = gone.every((service) => !added.order.demand.services.includes(service));
  if (gone.length === 0 || !isGone) return price;
  const services = gone.map((service) => `「${rules().pricing.services[service].name}」`).join("");
  // Nothing else was asked for, and what was agreed stands: one sentence says all.
  if (added.deltaFen === 0 && before.status !== "quoted" && added.order.status !== "quoted")
    return say("demand_withdrawn_at_work", { services });
  return [say("demand_withdrawn", { services }), price].join("\n");
}

function priceWords({ before, added }: Omit<Told, "withdrawn">, rules: () => ShopRules): string {
  const { say } = rules();
  const { deltaFen, quote, order } = added;
  const values = { delta: yuan(Math.abs(deltaFen)), yuan: quote === null ? "" : yuan(quote.total_fen) };
  // Nobody works on a search that waits for the buyer: what it waits for is said again.
  if (order.kind === "find" && order.status === "draft")
    return [
      ...(added.status === "opened" ? [] : [say("demand_noted_to_find")]),
      candidateWords(order.candidates.length, rules()),
    ].join("\n");
  if (deltaFen < 0) return say("demand_added_less", values);
  if (deltaFen === 0) {
    if (quote === null) return say("demand_added");
    // Also when nothing changes: a turn that a person cut off may have raised the price and not have said so.
    return before.status === "quoted" ? say("demand_added_same", values) : say("demand_added_total", values);
  }
  if (order.status === "quoted") return say("demand_added_more", values);
  // A turn that was cut off had added it, and the designer was done before its words could go out.
  if (order.status === "delivered" || order.status === "closed") return say("demand_added_total", values);
  return order.status === "review" ? say("demand_added_review", values) : say("demand_added_at_work", values);
}
