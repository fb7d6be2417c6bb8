import { handoffReasonSchema } from "../../src/domain/handoffs/handoff.ts";
import { ORDER_MOVES, ORDER_STATUSES } from "../../src/domain/orders/order-status.ts";
import type { RiskRules } from "../../src/domain/orders/risk-rules.ts";
import { serviceSchema } from "../../src/domain/orders/service.ts";
import { TICKET_STATUSES } from "../../src/domain/tickets/ticket.ts";
import { intentSchema } from "../../src/domain/understanding/understanding.ts";
import type { Outcome } from "../scenarios/outcome.ts";
import type { EvaluatedAgent, Scenario } from "../scenarios/scenario.ts";

/** What there is of a kind, and what of it no scenario has touched. */
export type Covered = { of: number; touched: number; untouched: string[] };
export type Coverage = Record<string, Covered>;

export type PlainPlay = { agent: EvaluatedAgent; scenario: Scenario; outcome: Outcome };

/** The word rules of abuse; what they find in the past is the situation "abusive". */
const ABUSE = "buyer";
const TASK_TRIGGERS = ["customer_reply", "time", "immediate", "image_task", "no_reply"];
const TASK_ACTIONS = ["send_message", "start_workflow", "transfer_to_human", "run_agent", "dispatch"];
const HELPDESK_INTENTS = ["question", "ticket", "handoff", "greeting", "thanks", "nothing"];

/** Which tools, transitions, rules and intents the scenarios pass through when they are played undisturbed. */
export function measureCoverage(
  plays: readonly PlainPlay[],
  known: { tools: Record<EvaluatedAgent, string[]>; risk: RiskRules },
): Coverage {
  const of = (agent: EvaluatedAgent) =>
    plays.filter((it) => it.agent === agent).map(({ outcome }) => outcome);
  const [shop, helpdesk] = [of("shop"), of("helpdesk")];
  const orders = shop.flatMap((outcome) => outcome.orders);
  const quotes = shop.flatMap((outcome) => outcome.quotes);
  const tasks = plays.flatMap(({ scenario }) =>
    [...scenario.before, ...scenario.steps].flatMap((step) => ("task" in step ? [step.task] : [])),
  );
  return {
    "tools of the shop": covered(
      known.tools.shop,
      shop.flatMap(({ tools }) => tools),
    ),
    "tools of the helpdesk": covered(
      known.tools.helpdesk,
      helpdesk.flatMap(({ tools }) => tools),
    ),
    "order transitions": covered(
      ORDER_STATUSES.flatMap((from) => ORDER_MOVES[from].map((to) => `${from} → ${to}`)),
      orders.flatMap(({ moves }) => moves.slice(1).map((to, at) => `${moves[at]} → ${to}`)),
    ),
    "classes of risk": covered(
      riskClasses(known.risk),
      shop.flatMap(({ risks, handoffs }) => [
        ...risks.flatMap(({ assessment }) => assessment.reasons.map(({ rule }) => classOf(rule, known.risk))),
        // Weighed when the buyer agrees, by the quote.
        ...handoffs.filter((reason) => reason === "high_value"),
      ]),
    ),
    "pricing rules": covered(
      [
        ...serviceSchema.options.map((service) => `service ${service}`),
        "several pictures",
        "urgent",
        "text minimum",
        "agreed before",
        "settled by a person",
        "needs review",
        "high value",
      ],
      quotes.flatMap((quote) => [
        ...quote.items.map(({ service }) => `service ${service}`),
        ...(quote.items.some(({ pictures }) => pictures > 1) ? ["several pictures"] : []),
        ...(quote.input.urgent ? ["urgent"] : []),
        ...(quote.text_minimum_fen > quote.sum_fen ? ["text minimum"] : []),
        ...(quote.floor_fen > Math.max(quote.sum_fen, quote.text_minimum_fen) ? ["agreed before"] : []),
        ...(quote.settled === undefined ? [] : ["settled by a person"]),
        ...(quote.status === "needs_review" ? ["needs review"] : []),
        ...(quote.high_value ? ["high value"] : []),
      ]),
    ),
    "intents of the shop": covered(
      intentSchema.options,
      shop.flatMap(({ intents }) => intents),
    ),
    "intents of the helpdesk": covered(
      HELPDESK_INTENTS,
      helpdesk.flatMap(({ intents }) => intents),
    ),
    "reasons of a handoff": covered(
      handoffReasonSchema.options,
      plays.flatMap(({ outcome }) => outcome.handoffs),
    ),
    "states of a ticket": covered(
      TICKET_STATUSES,
      helpdesk.flatMap(({ tickets }) => tickets.map(({ status }) => status)),
    ),
    "triggers of a task": covered(
      TASK_TRIGGERS,
      tasks.map(({ trigger }) => trigger.type),
    ),
    "actions of a task": covered(
      TASK_ACTIONS,
      tasks.map(({ action }) => action.type),
    ),
  };
}

/** What a demand may be refused or looked at for; not each word of it. */
function riskClasses({ word_rules, situations }: RiskRules): string[] {
  return [
    ...new Set([
      "document_changed",
      "document_only_handled",
      ...word_rules.map((rule) => rule.class).filter((it) => it !== ABUSE),
      ...Object.keys(situations),
    ]),
  ];
}

function classOf(rule: string, { word_rules }: RiskRules): string {
  if (rule === "contradictory_plan") return "contradictory";
  if (word_rules.find(({ id }) => id === rule)?.class === ABUSE) return "abusive";
  return word_rules.find(({ id }) => id === rule)?.class ?? rule.split(":")[0] ?? rule;
}

function covered(all: readonly string[], seen: readonly string[]): Covered {
  const touched = new Set(seen);
  const untouched = all.filter((item) => !touched.has(item));
  return { of: all.length, touched: all.length - untouched.length, untouched };
}
