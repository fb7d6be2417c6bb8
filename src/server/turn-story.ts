import { type Message, plainText, type SaidMessage } from "../domain/conversations/message.ts";
import type { Handoff } from "../domain/handoffs/handoff.ts";
import type { OrderHistory, OrderRevision } from "../domain/orders/order.ts";
import type { QuoteCertificate } from "../domain/orders/quote-certificate.ts";
import type { RiskCertificate } from "../domain/orders/risk-certificate.ts";
import type { Records, TurnRecord } from "../domain/records.ts";

/** All that is recorded of one turn: what it answered, with what, and what came of it. Times are UTC ms. */
export type TurnStory = {
  turn: TurnRecord;
  customerId: string;
  said: { id: string; text: string; at: number; pictures: PictureSeen[] }[];
  /** 天网's tasks that these words fired. */
  fired: { task_id: string; status: string; error: string | null }[];
  replies: (Pick<Message, "id" | "author" | "status" | "attempts" | "error" | "at" | "settled_at"> & {
    text: string;
  })[];
  orders: {
    id: string;
    kind: string;
    status: string;
    moves: OrderHistory[];
    demands: Pick<OrderRevision, "revision" | "text" | "status" | "price_delta_fen">[];
    quote: QuoteCertificate | null;
    risk: RiskCertificate | null;
  }[];
  handoffs: Pick<Handoff, "id" | "reason" | "status">[];
};
export type PictureSeen = { id: string; width: number; height: number; text: string | null };

const MOST_MESSAGES = 10_000;
const MOST_ORDERS = 1_000;
const MOST_HANDOFFS = 10_000;

/** Null when no turn has this id; a message's id names the turn that took or told it. */
export async function readTurnStory(records: Records, id: string): Promise<TurnStory | null> {
  const turnId = (await records.messages.find(id))?.turn_id ?? id;
  const turn = await records.turns.find(turnId);
  if (turn === null) return null;
  const { conversation_id: conversationId } = turn;
  const conversation = await records.conversations.find(conversationId);
  const messages = (await records.messages.recent(conversationId, MOST_MESSAGES)).filter(
    (message) => message.turn_id === turnId,
  );
  const said = messages.filter(({ direction }) => direction === "in");
  const told = messages.filter(({ direction }) => direction === "out");
  const slots = said.map((message) => `message:${message.id}`);
  const firings = (
    await records.tasks.firingsOfSlots([...slots, `customer:${conversation?.customer_id ?? ""}`])
  ).filter(({ slot, created_at }) => slots.includes(slot) || isDuring(turn, created_at));
  return {
    turn,
    customerId: conversation?.customer_id ?? "",
    said: await Promise.all(
      said.map(async ({ id: messageId, parts, at }) => ({
        id: messageId,
        text: plainText(parts),
        at,
        pictures: await picturesOf(records, parts),
      })),
    ),
    fired: firings.map(({ task_id, status, error }) => ({ task_id, status, error })),
    replies: (await Promise.all(told.map((message) => records.messages.find(message.id)))).flatMap(
      (message) => (message === null ? [] : [replyOf(message)]),
    ),
    orders: await ordersOf(records, turn),
    handoffs: (await records.handoffs.list({ limit: MOST_HANDOFFS }))
      .filter((it) => it.conversation_id === conversationId && isDuring(turn, it.created_at))
      .map(({ id: handoffId, reason, status }) => ({ id: handoffId, reason, status })),
  };
}

async function picturesOf(records: Records, parts: SaidMessage["parts"]): Promise<PictureSeen[]> {
  const ids = parts.flatMap((part) =>
    part.type === "image" && part.picture_id !== undefined ? [part.picture_id] : [],
  );
  const pictures = await Promise.all(ids.map((id) => records.pictures.find(id)));
  return pictures.flatMap((picture) =>
    picture === null
      ? []
      : [
          {
            id: picture.id,
            width: picture.facts.width,
            height: picture.facts.height,
            text: picture.text === null ? null : picture.text.boxes.map(({ text }) => text).join(" "),
          },
        ],
  );
}

function replyOf({
  id,
  author,
  status,
  attempts,
  error,
  at,
  settled_at,
  parts,
}: Message): TurnStory["replies"][number] {
  return { id, author, status, attempts, error, at, settled_at, text: plainText(parts) };
}

/** Orders that moved or were asked more of while the turn ran. */
async function ordersOf(records: Records, turn: TurnRecord): Promise<TurnStory["orders"]> {
  const orders = await records.orders.ofConversation(turn.conversation_id, MOST_ORDERS);
  const stories = await Promise.all(
    orders.map(async (order) => {
      const moves = (await records.orders.history(order.id)).filter(({ at }) => isDuring(turn, at));
      const demands = (await records.orders.revisions(order.id)).filter(
        ({ source_id, at }) => source_id === turn.id || isDuring(turn, at),
      );
      if (moves.length === 0 && demands.length === 0) return [];
      const quote = order.quote_id === null ? null : await records.certificates.findQuote(order.quote_id);
      return [
        {
          id: order.id,
          kind: order.kind,
          status: order.status,
          moves,
          demands: demands.map(({ revision, text, status, price_delta_fen }) => ({
            revision,
            text,
            status,
            price_delta_fen,
          })),
          quote: quote?.certificate ?? null,
          risk: order.risk_id === null ? null : await records.certificates.findRisk(order.risk_id),
        },
      ];
    }),
  );
  return stories.flat().reverse();
}

function isDuring({ started_at, ended_at }: TurnRecord, at: number): boolean {
  return at >= started_at && at <= ended_at;
}
