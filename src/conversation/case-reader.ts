import type { TranscriptLine } from "../agents/answer.ts";
import type { Ambient } from "../domain/clock.ts";
import type { CaseFacts } from "../domain/conversations/case-facts.ts";
import type { Conversation } from "../domain/conversations/conversation.ts";
import {
  type Message,
  pictureMark,
  plainText,
  type SaidMessage,
  UNSEEN,
} from "../domain/conversations/message.ts";
import { type ImageOrder, OPEN_STATUSES } from "../domain/orders/order.ts";
import type { Store } from "../domain/records.ts";
import type { Task } from "../domain/tasks/task.ts";

/** How much of the past a model is shown. */
const TRANSCRIPT_MESSAGES = 20;
const ORDERS_SHOWN = 6;
const SHOWN_STATUSES: readonly string[] = [...OPEN_STATUSES, "delivered"];

export type CaseReader = ReturnType<typeof createCaseReader>;

/** What a model is told: the case, and what was said before this turn, oldest first. */
export type Case = { facts: CaseFacts; transcript: TranscriptLine[] };

/** Gathers what a model needs to know of a case, from the store alone: the transcript is ours, not the framework's. */
export function createCaseReader({
  store,
  ambient,
  refusalWords,
}: {
  store: Store;
  ambient: Ambient;
  refusalWords: (reason: string) => string;
}) {
  return {
    /** The same case with what has fired by now: a task may have come between two runs of a turn. */
    withTasks({ facts, transcript }: Case, fired: readonly Task[]): Case {
      return { facts: { ...facts, fired_tasks: fired.flatMap(firedWords) }, transcript };
    },

    async read(
      conversation: Conversation,
      { messages, fired }: { messages: Message[]; fired: Task[] },
    ): Promise<Case> {
      // Asked together, they share one commit of the store.
      const [recent, orders, handoffs] = await Promise.all([
        store.messages.recent(conversation.id, TRANSCRIPT_MESSAGES + messages.length),
        store.orders.ofConversation(conversation.id, ORDERS_SHOWN),
        store.handoffs.openOf(conversation.id),
      ]);
      const shown = orders.filter((order) => SHOWN_STATUSES.includes(order.status));
      const lastBot = recent.findLast((message) => message.author === "bot" || message.author === "task");
      const facts: CaseFacts = {
        now: new Date(ambient.now()).toISOString(),
        customer: { id: conversation.customer_id, name: conversation.customer_name },
        goods: conversation.context?.goods?.title ?? null,
        pictures: await pictureFacts(recent, messages),
        refused_pictures: refusedOf(messages).map((reason) => ({ reason, words: refusalWords(reason) })),
        orders: await Promise.all(shown.map(orderFacts)),
        handoff:
          handoffs[0] === undefined ? null : { reason: handoffs[0].reason, status: handoffs[0].status },
        last_bot: lastBot === undefined ? "" : plainText(lastBot.parts),
        fired_tasks: fired.flatMap(firedWords),
        person_said: personWords(recent),
      };
      return { facts, transcript: transcriptOf(recent, messages) };
    },
  };

  async function orderFacts(order: ImageOrder): Promise<CaseFacts["orders"][number]> {
    const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
    return {
      id: order.id,
      kind: order.kind,
      status: order.status,
      words: order.demand.words,
      services: order.demand.services,
      total_fen: quote?.certificate.total_fen ?? null,
      candidates: order.candidates.length,
      pictures: order.pictures,
      urgent: order.demand.urgent,
    };
  }

  async function pictureFacts(recent: SaidMessage[], messages: Message[]): Promise<CaseFacts["pictures"]> {
    const fresh = new Set(messages.flatMap(pictureIds));
    const seen = [...recent.filter((message) => message.direction === "in").flatMap(pictureIds), ...fresh];
    const pictures: CaseFacts["pictures"] = [];
    for (const id of new Set(seen)) {
      const picture = await store.pictures.find(id);
      if (picture !== null)
        pictures.push({ id, width: picture.facts.width, height: picture.facts.height, new: fresh.has(id) });
    }
    return pictures;
  }
}

/** Cancelled words never reached the buyer and are left out. */
function transcriptOf(recent: SaidMessage[], messages: Message[]): TranscriptLine[] {
  const now = new Set(messages.map((message) => message.id));
  return recent
    .filter((message) => !now.has(message.id) && !UNSEEN.includes(message.status))
    .map((message) => ({
      role:
        message.direction === "in" && message.author === "buyer" ? ("user" as const) : ("assistant" as const),
      text: spokenText(message),
    }))
    .filter((line) => line.text !== "");
}

function pictureIds(message: SaidMessage): string[] {
  return message.parts.flatMap((part) =>
    part.type === "image" && part.picture_id !== undefined ? [part.picture_id] : [],
  );
}

function refusedOf(messages: Message[]): string[] {
  return messages.flatMap((message) =>
    message.parts.flatMap((part) => ("refused" in part && part.refused !== undefined ? [part.refused] : [])),
  );
}

function spokenText(message: SaidMessage): string {
  const text = plainText(message.parts);
  const pictures = message.parts.filter((part) => part.type === "image").length;
  return pictures === 0 ? text : `${text}${text === "" ? "" : "\n"}${pictureMark(pictures)}`;
}

/** What a task that fired has said or will say by itself; one that does something else leaves the answer to the agent. */
function firedWords({ request }: Task): string[] {
  if (request.action.type === "send_message") return [request.action.message];
  return request.action.type === "run_agent" ? [`(${request.action.prompt})`] : [];
}

/** The person's words since the bot last spoke. */
function personWords(recent: SaidMessage[]): string[] {
  const lastBot = recent.findLastIndex((message) => message.author === "bot");
  return recent
    .slice(lastBot + 1)
    .filter((message) => message.author === "person")
    .map((message) => plainText(message.parts));
}
