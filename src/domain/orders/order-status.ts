import { z } from "zod";
import { accept, type Result, refuse } from "../result.ts";

export const ORDER_STATUSES = [
  "draft",
  "quoted",
  "review",
  "accepted",
  "processing",
  "dispatched",
  "handed_off",
  "failed",
  "delivered",
  "closed",
  "rejected",
  "cancelled",
] as const;
export const orderStatusSchema = z.enum(ORDER_STATUSES);
export type OrderStatus = z.infer<typeof orderStatusSchema>;

/**
 * Every move an order may make (spec orders §5); what is not here is refused.
 *
 * The straight way is draft → quoted → accepted → processing → delivered → closed, for found pictures too: no work
 * without a yes, no yes without a price. The asides:
 * - review waits for a person's decision and goes back to where the answer leads: to quoted (price or risk cleared
 *   before the buyer agreed), to draft (cleared before there is a price, such as a picture still to be found), to accepted (a high-value order after the yes), to processing or dispatched (a demand
 *   made during work was cleared), or to a no.
 * - handed_off means a person has the order itself and may settle it anywhere a person can: price it, let it start,
 *   give it to a designer, deliver by hand, refuse, cancel. It never falls back to draft.
 * - dispatched needs the buyer's yes first, since a designer's work costs money: only people give an order to a designer
 *   (handed_off), or give it back when a demand made meanwhile is cleared (review). It ends in delivery, failure, a
 *   person (deadline passed), or cancel.
 * - failed is only work that broke, ours or a designer's, so neither draft nor quoted reaches it. It is a stop on
 *   the way to a person, never an end: the buyer is not left without an answer.
 * - rejected is for a demand that may not be done, by the rules when it is made, or by the person who weighs it. Trouble
 *   found later is cancelled by a person.
 * - cancelled is open to every order not yet delivered. After delivery money is a person's matter and a new demand is
 *   a follow-up order, so delivered leads only to closed.
 * - accepted may go back to quoted: a later demand before work starts makes a new price the buyer must agree to.
 */
export const ORDER_MOVES: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  draft: ["quoted", "review", "handed_off", "rejected", "cancelled"],
  quoted: ["accepted", "review", "handed_off", "cancelled"],
  review: ["draft", "quoted", "accepted", "processing", "dispatched", "handed_off", "rejected", "cancelled"],
  accepted: ["quoted", "review", "processing", "handed_off", "failed", "cancelled"],
  processing: ["delivered", "review", "handed_off", "failed", "cancelled"],
  dispatched: ["delivered", "review", "handed_off", "failed", "cancelled"],
  handed_off: ["quoted", "accepted", "dispatched", "delivered", "rejected", "cancelled"],
  failed: ["handed_off"],
  delivered: ["closed"],
  closed: [],
  rejected: [],
  cancelled: [],
};

/** Staying in place is not a move and is refused too. */
export function decideMove(from: OrderStatus, to: OrderStatus): Result<OrderStatus, "move-not-allowed"> {
  return ORDER_MOVES[from].includes(to) ? accept(to) : refuse("move-not-allowed");
}
