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
  const turns: (ToldTurn & { id: string | null })[] = [{ id: null, said: "", told: [] }];
  for (const message of await store.messages.recent(conversationId, MOST_MESSAGES)) {
    if (message.direction === "in") {
      if (message.author !== "buyer" || message.turn_id === null) continue;
      const known = turns.find(({ id }) => id === message.turn_id);
      const words = lineOf(message);
      if (known === undefined) turns.push({ id: message.turn_id, said: words, told: [] });
      else known.said = `${known.said} / ${words}`;
    } else if (message.author !== "person" && !NEVER_SAID.includes(message.status)) {
      const turn = turns.find(({ id }) => id !== null && id === message.turn_id) ?? turns.at(-1);
      turn?.told.push(lineOf(message));
    }
  }
  const { orders, handoffs, tickets, tasks, holder } = await readOutcome(store, conversationId, {
    taskIds: [...taskIds],
    intents: [],
    designerOrders: [],
  });
  return {
    turns: turns
      .filter(({ id, told }) => id !== null || told.length > 0)
      .map(({ said, told }) => ({ said, told })),
    end: { orders, handoffs, tickets, tasks, holder },
  };
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
