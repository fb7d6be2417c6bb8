import type { History, Problem } from "../history.ts";
import { judgeMessages } from "./messages.ts";
import { judgeMoney } from "./money.ts";
import { judgeOrdering } from "./ordering.ts";
import { judgeOrders } from "./orders.ts";
import { judgeTakeovers } from "./takeovers.ts";
import { judgeTasks } from "./tasks.ts";

/** Every way in which a history breaks what was promised. Empty: all was kept. */
export function findProblems(history: History): Problem[] {
  return [
    ...judgeMessages(history),
    ...judgeOrdering(history),
    ...judgeTakeovers(history),
    ...judgeTasks(history),
    ...judgeOrders(history),
    ...judgeMoney(history),
  ];
}
