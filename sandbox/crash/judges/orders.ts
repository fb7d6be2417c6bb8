import type { DesignerOrderSeen, History, OrderSeen, Problem } from "../history.ts";

/** How the buyer is told that the work is done (config/replies.yaml). */
export const DELIVERED_WORDS = "做好啦";
/** Where an agreed order may stand when nothing moves any more. */
const AT_REST = ["delivered", "closed", "cancelled", "rejected", "quoted"];
const WITH_PEOPLE = ["handed_off", "review"];

/**
 * An agreed order ends delivered, cancelled or with a person; its designers have it once, with all demands in order;
 * its delivery is told once.
 */
export function judgeOrders(history: History): Problem[] {
  const byOrder = Map.groupBy(history.designerOrders, ({ imageTaskId }) => imageTaskId);
  return [
    ...history.orders.flatMap((order) => [
      ...judgeEnd(order),
      ...judgeDesigner(order, byOrder.get(order.id) ?? []),
    ]),
    ...judgeDeliveries(history),
  ];
}

function judgeEnd({ id, status, history, isAgreed, isWithPerson }: OrderSeen): Problem[] {
  const problems: Problem[] = [];
  const isAtRest = AT_REST.includes(status) || (WITH_PEOPLE.includes(status) && isWithPerson);
  if (isAgreed && !isAtRest)
    problems.push({
      kind: "lost",
      text: `order ${id} was agreed and is ${status}${WITH_PEOPLE.includes(status) ? ", and no person has it" : ""}`,
    });
  for (const end of ["delivered", "cancelled"])
    if (history.filter((it) => it === end).length > 1)
      problems.push({ kind: "doubled", text: `order ${id} was ${end} more than once` });
  return problems;
}

function judgeDesigner(order: OrderSeen, given: DesignerOrderSeen[]): Problem[] {
  const { id, dispatchNo, status } = order;
  const [first] = given;
  if (given.length > 1) return [{ kind: "doubled", text: `order ${id} is ${given.length} orders at 图绘` }];
  if (first === undefined)
    return dispatchNo === null ? [] : [{ kind: "record", text: `图绘 knows nothing of order ${id}` }];
  // Whoever was cancelled while 图绘 was asked is cancelled there too.
  if (dispatchNo !== first.orderNo)
    return [{ kind: "lost", text: `order ${id} is ${first.orderNo} at 图绘 and we do not know it` }];
  const problems = judgeDemands(order, first);
  if (status === "cancelled" && first.cancels === 0 && first.status !== "failed")
    problems.push({ kind: "lost", text: `图绘 was not told that order ${id} is cancelled` });
  if (status !== "cancelled" && first.cancels > 0)
    problems.push({ kind: "record", text: `图绘 was told to cancel order ${id}, which is ${status}` });
  return problems;
}

/** What the order began with and what was told later are together every demand once, in order. */
function judgeDemands({ id, revisions, status, isAsked }: OrderSeen, given: DesignerOrderSeen): Problem[] {
  const problems: Problem[] = [];
  const told = [...given.requirements, ...given.supplements];
  if (new Set(told).size < told.length)
    problems.push({
      kind: "doubled",
      text: `图绘 was told a demand of order ${id} twice: ${told.join(", ")}`,
    });
  if (told.some((revision, at) => revision < (told[at - 1] ?? 0)))
    problems.push({ kind: "order", text: `图绘 was told the demands of order ${id} as ${told.join(", ")}` });
  const missing = revisions.filter((revision) => !told.includes(revision));
  // What came with a cancel, or when the designer had ended, is told to nobody.
  const isOpen = given.status !== "cancelled" && status !== "cancelled";
  // What the designer had not heard of when they delivered is a person's to look at.
  const isLookedAt = isAsked && ["delivered", "closed"].includes(status);
  if (isOpen && !isLookedAt && missing.length > 0)
    problems.push({ kind: "lost", text: `图绘 was not told demand ${missing.join(", ")} of order ${id}` });
  return problems;
}

function judgeDeliveries({ orders, shown, written }: History): Problem[] {
  const problems: Problem[] = [];
  const inDoubt = new Set(written.filter(({ status }) => status === "uncertain").map(({ key }) => key));
  for (const { id, status, conversation } of orders) {
    const told = shown.filter(
      (reply) => reply.conversation === conversation && reply.text.startsWith(DELIVERED_WORDS),
    ).length;
    const delivered = orders.filter(
      (order) => order.conversation === conversation && ["delivered", "closed"].includes(order.status),
    ).length;
    const isDelivered = status === "delivered" || status === "closed";
    if (told > delivered)
      problems.push({ kind: "doubled", text: `the delivery of order ${id} was told ${told} times` });
    const mayBeInDoubt = [...inDoubt].some((key) => key.includes(id));
    if (isDelivered && told < delivered && !mayBeInDoubt)
      problems.push({ kind: "lost", text: `order ${id} is delivered and the buyer was not told` });
  }
  return problems;
}
