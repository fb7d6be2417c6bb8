import { plainText, type SaidMessage } from "../../src/domain/conversations/message.ts";
import type { Store } from "../../src/domain/records.ts";
import { readOutcome } from "../scenarios/outcome.ts";

/** What a customer said at once and all that was told them from then on, until they were answered next. */
export type ToldTurn = { said: string; told: string[] };

/** What became of a conversation: every field is compared as it is. */
export type EndState = {
  orders: unknown[];
  handoffs: string[];
  tickets: unknown[];
  tasks: unknown[];
  holder: string;
};
export type Told = { turns: ToldTurn[]; end: EndState };
export type Difference = {
  /** Null when every turn told the same. From 1. */
  firstTurn: { turn: number; said: string; was: string[]; is: string[] } | null;
  /** Fields of the end state that differ, as JSON. */
  end: { field: keyof EndState; was: string; is: string }[];
};

/** One turn while it is read: what answered it, and what was told besides until the next. */
type Telling = {
  id: string | null;
  startedAt: number;
  said: string;
  answers: string[];
  besides: string[];
};

const MOST_MESSAGES = 10_000;
const NEVER_SAID: readonly string[] = ["cancelled", "failed", "deferred"];

/**
 * Reads what a conversation's customer was told, turn by turn, and what it came to.
 *
 * @param taskIds - of the tasks that 天网 gave
 */
export async function readTold(
  store: Store,
  conversationId: string,
  taskIds: readonly string[],
): Promise<Told> {
  const messages = await store.messages.recent(conversationId, MOST_MESSAGES);
  const startedAt = await startsOf(store, messages);
  const first: Telling = {
    id: null,
    startedAt: Number.NEGATIVE_INFINITY,
    said: "",
    answers: [],
    besides: [],
  };
  const turns = [first];
  for (const message of messages) {
    const { turn_id: id } = message;
    if (message.direction === "in") {
      if (message.author !== "buyer" || id === null) continue;
      const known = turns.find((turn) => turn.id === id);
      const words = lineOf(message);
      if (known !== undefined) known.said = `${known.said} / ${words}`;
      else
        turns.push({ id, startedAt: startedAt.get(id) ?? message.at, said: words, answers: [], besides: [] });
    } else if (message.author !== "person" && !NEVER_SAID.includes(message.status)) {
      const own = turns.find((turn) => turn.id !== null && turn.id === id);
      if (own !== undefined) own.answers.push(lineOf(message));
      // What an order tells by itself: by the clock, for it may be written while the customer speaks.
      else (turns.findLast((turn) => turn.startedAt <= message.at) ?? first).besides.push(lineOf(message));
    }
  }
  const { orders, handoffs, tickets, tasks, holder } = await readOutcome(store, conversationId, {
    taskIds: [...taskIds],
    intents: [],
    designerOrders: [],
  });
  return {
    turns: turns
      .map(({ id, said, answers, besides }) => ({ id, said, told: [...answers, ...besides] }))
      .filter(({ id, told }) => id !== null || told.length > 0)
      .map(({ said, told }) => ({ said, told })),
    end: { orders, handoffs, tickets, tasks, holder },
  };
}

async function startsOf(store: Store, messages: readonly SaidMessage[]): Promise<Map<string, number>> {
  const ids = messages.flatMap(({ direction, turn_id }) =>
    direction === "in" && turn_id !== null ? [turn_id] : [],
  );
  const turns = await Promise.all([...new Set(ids)].map((id) => store.turns.find(id)));
  return new Map(turns.flatMap((turn) => (turn === null ? [] : [[turn.id, turn.started_at]])));
}

function lineOf({ parts }: Pick<SaidMessage, "parts">): string {
  const pictures = parts.filter(({ type }) => type === "image").length;
  const words = plainText(parts.filter(({ type }) => type !== "image")).trim();
  return `${words}${pictures === 0 ? "" : ` [${pictures} 图]`}`.trim();
}

/** Null when nothing differs. */
export function compareTold(was: Told, is: Told): Difference | null {
  const at = Array.from(
    { length: Math.max(was.turns.length, is.turns.length) },
    (_turn, place) => place,
  ).find((place) => JSON.stringify(was.turns[place]) !== JSON.stringify(is.turns[place]));
  const fields = Object.keys(was.end) as (keyof EndState)[];
  const end = fields.flatMap((field) => {
    const [before, after] = [JSON.stringify(was.end[field]), JSON.stringify(is.end[field])];
    return before === after ? [] : [{ field, was: before, is: after }];
  });
  if (at === undefined && end.length === 0) return null;
  const firstTurn =
    at === undefined
      ? null
      : {
          turn: at + 1,
          said: was.turns[at]?.said ?? is.turns[at]?.said ?? "",
          was: was.turns[at]?.told ?? [],
          is: is.turns[at]?.told ?? [],
        };
  return { firstTurn, end };
}
