import { conversationIdOf } from "../../src/domain/conversations/conversation.ts";
import type { Records } from "../../src/domain/records.ts";
import type { History, OrderSeen } from "./history.ts";

const ALL = 1_000_000;
/** How the sandbox's buyers come in (sandbox/qingjian.ts). */
const WHERE = { channel: "qingjian", platform: "pinduoduo", shop: { id: "s1", name: null } };

/** The service's own side of a history; everything it wrote about these conversations. */
export type ServiceRecords = Pick<History, "stored" | "silentTurns" | "written" | "orders">;

/** Reads it through the store's ports, whatever database is behind them. */
export async function readRecords(
  records: Records,
  conversations: readonly string[],
): Promise<ServiceRecords> {
  const read: ServiceRecords = { stored: [], silentTurns: [], written: [], orders: [] };
  const handoffs = await records.handoffs.list({ limit: ALL });
  const asked = new Set(
    handoffs.filter(({ reason }) => reason === "processing_failed").map(({ image_task_id }) => image_task_id),
  );
  // Open, or a person has had it; what the settled order closed by itself says nothing.
  const withPerson = new Set(
    handoffs
      .filter(({ status, taken_by }) => status !== "returned" || taken_by !== null)
      .map(({ image_task_id }) => image_task_id),
  );
  for (const conversation of conversations) {
    const id = conversationIdOf({ ...WHERE, externalConversationId: conversation });
    const turns = new Set<string>();
    for (const { id: messageId } of await records.messages.recent(id, ALL)) {
      const message = await records.messages.find(messageId);
      if (message === null) continue;
      const { status, turn_id: turnId } = message;
      if (message.direction === "out")
        read.written.push({ key: message.id, conversation, status, error: message.error, turnId });
      else if (message.author === "buyer")
        read.stored.push({
          conversation,
          messageId: message.platform_message_id ?? message.id,
          status,
          turnId,
        });
      if (message.direction === "in" && turnId !== null) turns.add(turnId);
    }
    for (const turn of turns)
      if ((await records.turns.find(turn))?.outcome === "silent") read.silentTurns.push(turn);
    for (const order of await readOrders(records, id, conversation))
      read.orders.push({ ...order, isWithPerson: withPerson.has(order.id), isAsked: asked.has(order.id) });
  }
  return read;
}

async function readOrders(
  records: Records,
  id: string,
  conversation: string,
): Promise<Omit<OrderSeen, "isWithPerson" | "isAsked">[]> {
  const orders = await records.orders.ofConversation(id, ALL);
  return await Promise.all(
    orders.map(async (order) => {
      const revisions = await records.orders.revisions(order.id);
      const quoteIds = [...revisions.map(({ before }) => before?.quote_id ?? null), order.quote_id];
      const quotes = await Promise.all(
        quoteIds.filter((it) => it !== null).map((it) => records.certificates.findQuote(it)),
      );
      return {
        id: order.id,
        conversation,
        status: order.status,
        history: (await records.orders.history(order.id)).map(({ to }) => to),
        totals: quotes.flatMap((quote) => (quote === null ? [] : [quote.certificate.total_fen])),
        isAgreed: quotes.at(-1)?.status === "accepted",
        revisions: revisions.filter(({ status }) => status === "kept").map(({ revision }) => revision),
        dispatchNo: order.dispatch_no,
      };
    }),
  );
}
