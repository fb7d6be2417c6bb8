import { verifyQuote } from "../../src/domain/orders/verify-quote.ts";
import { verifyRisk } from "../../src/domain/orders/verify-risk.ts";
import type { Played } from "./play.ts";
import type { Expectation } from "./scenario.ts";

/** What a disturbance may change without being a fault. */
export type Leniency = "tools" | "replies" | "revisions" | "moves" | "repeated_handoffs" | "said";

/**
 * The differences between what is and what should be; records first, words after. Empty: right.
 *
 * @param lenient - what need not be as in the undisturbed story
 */
export function judge(
  { outcome, spokeWhileHeld }: Played,
  expected: Expectation,
  lenient: ReadonlySet<Leniency> = new Set(),
): string[] {
  const problems: string[] = [];
  const same = (what: string, is: unknown, should: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(should))
      problems.push(`${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(should)}`);
  };

  same("orders", outcome.orders.length, expected.orders.length);
  expected.orders.forEach((order, at) => {
    const found = outcome.orders[at];
    for (const key of ["kind", "status", "total_fen", "risk", "follows"] as const)
      if (order[key] !== undefined) same(`order ${at + 1} ${key}`, found?.[key], order[key]);
    if (order.revisions !== undefined && !lenient.has("revisions"))
      same(`order ${at + 1} revisions`, found?.revisions, order.revisions);
    if (order.moves !== undefined && !lenient.has("moves"))
      same(`order ${at + 1} moves`, found?.moves, order.moves);
  });
  for (const { moves } of outcome.orders)
    for (const state of expected.never_states)
      if (moves.includes(state)) problems.push(`an order was ${state}`);

  const handoffs = [...expected.handoffs].sort();
  if (lenient.has("repeated_handoffs")) same("handoffs", unique(outcome.handoffs), unique(handoffs));
  else same("handoffs", outcome.handoffs, handoffs);
  same("tickets", outcome.tickets.length, expected.tickets.length);
  expected.tickets.forEach(({ status, title }, at) => {
    const ticket = outcome.tickets[at];
    same(`ticket ${at + 1}`, ticket?.status, status);
    if (title !== undefined && ticket?.title.includes(title) !== true)
      problems.push(`ticket ${at + 1} is about ${ticket?.title}, not ${title}`);
  });
  same("tasks", outcome.tasks.length, expected.tasks.length);
  expected.tasks.forEach(({ status, fired }, at) => {
    const task = outcome.tasks[at];
    same(`task ${at + 1}`, task?.status, status);
    if (fired !== undefined) same(`task ${at + 1} fired`, task?.fired, fired);
  });
  if (expected.designers !== undefined) same("designers", outcome.designers, expected.designers);
  same("holder", outcome.holder, expected.holder);
  for (const document of expected.cites ?? [])
    if (!outcome.cites.includes(document)) problems.push(`does not cite ${document} but [${outcome.cites}]`);

  if (expected.knowledge !== undefined && !lenient.has("tools"))
    same("knowledge", outcome.knowledge, expected.knowledge);

  const words = outcome.replies.join("\n");
  if (!lenient.has("said"))
    for (const must of expected.said) if (!words.includes(must)) problems.push(`never said ${must}`);
  for (const mustNot of expected.never_said) if (words.includes(mustNot)) problems.push(`said ${mustNot}`);
  if (expected.tools !== undefined && !lenient.has("tools")) same("tools", outcome.tools, expected.tools);
  for (const tool of expected.forbidden_tools)
    if (outcome.tools.includes(tool)) problems.push(`used ${tool}`);
  if (expected.replies !== undefined && !lenient.has("replies"))
    same("replies", outcome.replies.length, expected.replies);

  // What holds in every story.
  for (const quote of outcome.quotes) {
    const sound = verifyQuote(quote);
    if (!sound.ok) problems.push(`a quote does not stand up: ${sound.refusal}`);
  }
  for (const risk of outcome.risks) {
    const sound = verifyRisk(risk);
    if (!sound.ok) problems.push(`a risk decision does not stand up: ${sound.refusal}`);
  }
  for (const said of spokeWhileHeld) problems.push(`the bot spoke while a person had the chat: ${said}`);
  if (outcome.unanswered > 0) problems.push(`${outcome.unanswered} messages are nobody's`);
  return problems;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
