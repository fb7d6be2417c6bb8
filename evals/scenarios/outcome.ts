import type { DesignerOrder } from "../../sandbox/tuhui.ts";
import type { TranscriptLine } from "../../src/agents/answer.ts";
import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import { plainText } from "../../src/domain/conversations/message.ts";
import type { HandoffReason } from "../../src/domain/handoffs/handoff.ts";
import type { KnowledgeStatus } from "../../src/domain/knowledge/knowledge-use.ts";
import type { OrderStatus } from "../../src/domain/orders/order-status.ts";
import type { QuoteCertificate } from "../../src/domain/orders/quote-certificate.ts";
import type { RiskCertificate } from "../../src/domain/orders/risk-certificate.ts";
import type { Decision, OrderKind } from "../../src/domain/orders/service.ts";
import type { Store } from "../../src/domain/records.ts";
import type { TicketStatus } from "../../src/domain/tickets/ticket.ts";

export type OrderOutcome = {
  kind: OrderKind;
  status: OrderStatus;
  total_fen: number | null;
  revisions: number;
  risk: Decision | null;
  moves: OrderStatus[];
  follows: boolean;
};

/** What was there when a scenario had been played. */
export type Outcome = {
  orders: OrderOutcome[];
  handoffs: HandoffReason[];
  tickets: { status: TicketStatus; title: string }[];
  tasks: { status: string; fired: number }[];
  /** Of each order at 图绘: how many later demands it was told, and whether that it is not wanted any more. */
  designers: { told: number; cancelled: boolean }[];
  holder: Conversation["holder"];
  cites: string[];
  /** How each turn stood to what is written down. */
  knowledge: KnowledgeStatus[];
  replies: string[];
  /** Everything that was said, in order. */
  transcript: TranscriptLine[];
  tools: string[];
  /** Of each turn, in order. */
  rungs: string[];
  quotes: QuoteCertificate[];
  risks: RiskCertificate[];
  /** What the rules understood of each turn of the customer. */
  intents: string[];
  /** Messages of the customer that nobody has taken: neither answered nor a person's. */
  unanswered: number;
};

const MOST = 200;

/** Reads what a conversation has come to. */
export async function readOutcome(
  store: Store,
  conversationId: string,
  {
    taskIds,
    intents,
    designerOrders,
  }: { taskIds: string[]; intents: string[]; designerOrders: readonly DesignerOrder[] },
): Promise<Outcome> {
  const orders = (await store.orders.ofConversation(conversationId, MOST)).reverse();
  const messages = await store.messages.recent(conversationId, MOST);
  const conversation = await store.conversations.find(conversationId);
  const turnIds = [...new Set(messages.flatMap(({ turn_id }) => (turn_id === null ? [] : [turn_id])))];
  const turns = (await Promise.all(turnIds.map((id) => store.turns.find(id)))).filter(
    (turn) => turn !== null,
  );
  const agentTasks = turnIds.map((id) => `agent:${id}`);
  const tasks = await Promise.all([...taskIds, ...agentTasks].map((id) => store.tasks.find(id)));
  const quotes: QuoteCertificate[] = [];
  const risks: RiskCertificate[] = [];

  const outcomes = await Promise.all(
    orders.map(async (order): Promise<OrderOutcome> => {
      const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
      const risk = order.risk_id === null ? null : await store.certificates.findRisk(order.risk_id);
      if (quote !== null) quotes.push(quote.certificate);
      if (risk !== null) risks.push(risk);
      return {
        kind: order.kind,
        status: order.status,
        total_fen: quote?.certificate.total_fen ?? null,
        revisions: order.revision,
        risk: risk?.assessment.decision ?? null,
        moves: (await store.orders.history(order.id)).map(({ to }) => to),
        follows: order.parent_id !== null,
      };
    }),
  );
  const handoffs = await store.handoffs.list({ limit: 10_000 });
  return {
    orders: outcomes,
    handoffs: handoffs
      .filter((it) => it.conversation_id === conversationId)
      .map((it) => it.reason)
      .sort(),
    tickets: (await store.tickets.ofConversation(conversationId)).reverse().map(({ status, title }) => ({
      status,
      title,
    })),
    tasks: tasks.flatMap((task) => (task === null ? [] : [{ status: task.status, fired: task.fired_count }])),
    designers: orders.flatMap(({ dispatch_no }) => {
      const order = designerOrders.find((it) => it.order_no === dispatch_no);
      return order === undefined ? [] : [{ told: order.supplements.length, cancelled: order.cancels > 0 }];
    }),
    holder: conversation?.holder ?? "bot",
    cites: (turns.at(-1)?.knowledge.citations ?? []).map(({ document_id }) => document_id),
    replies: messages
      .filter(({ direction, status }) => direction === "out" && status === "sent")
      .map(({ parts }) => plainText(parts)),
    transcript: messages.map(({ author, parts }) => ({
      role: author === "buyer" ? ("user" as const) : ("assistant" as const),
      text: plainText(parts),
    })),
    knowledge: turns.map(({ knowledge }) => knowledge.status),
    tools: turns.flatMap((turn) => turn.tools),
    rungs: turns.map((turn) => turn.rung),
    quotes,
    risks,
    intents,
    unanswered: (await store.messages.pending(conversationId)).length,
  };
}
