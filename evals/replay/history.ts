import type { Conversation } from "../../src/domain/conversations/conversation.ts";
import type { SaidMessage } from "../../src/domain/conversations/message.ts";
import type { ImageOrder } from "../../src/domain/orders/order.ts";
import type { Store } from "../../src/domain/records.ts";
import type { Task, TaskRequest } from "../../src/domain/tasks/task.ts";

/** What somebody outside did, at a time (UTC ms); orders are counted in their conversation, from 0. */
export type Act = { at: number } & (
  | { does: "says"; messages: SaidMessage[] }
  | { does: "says to a person"; message: SaidMessage }
  | { does: "answers as a person"; message: SaidMessage }
  | { does: "decides"; order: number; verb: PersonVerb; by: string; yuan: number | null; files: string[] }
  | { does: "designs"; order: number; files: string[] }
  | { does: "gives up a design"; order: number; why: string }
  | { does: "gives a task"; request: TaskRequest }
  | { does: "takes a task back"; taskId: string }
  /** A person, or the platform for one; when exactly is not recorded. */
  | { does: "takes the chat over" }
  /** Something was due. */
  | { does: "lets time pass" }
  /** Our own work on the order was seen to have had its effect. */
  | { does: "waits for our work"; order: number }
);
export type PersonVerb = "confirm" | "reject" | "price" | "start" | "deliver" | "cancel" | "paid";

export type RecordedConversation = { conversation: Conversation; acts: Act[] };

const MOST_MESSAGES = 10_000;
const MOST_ORDERS = 1_000;
const MOST_TASKS = 1_000;
/** 天网 gives tasks for all customers under this name. */
const EVERYBODY = "*";
/** How a message is called that tells what our own work has come to (workflows/, domain/orders/desk/progress-order.ts). */
const WORK_TELLS = ["candidates", "preview", "delivered", "handed_off"];
/** How the history of an order names what a person did (domain/orders/desk). */
const PERSON_VERBS: Record<string, PersonVerb> = {
  passed: "confirm",
  confirmed: "confirm",
  rejected: "reject",
  "demand dropped": "reject",
  priced: "price",
  started: "start",
  delivered: "deliver",
  cancelled: "cancel",
};
const BY_A_PERSON = new RegExp(`^(${Object.keys(PERSON_VERBS).join("|")}) by (.+)$`, "u");

/** Reads what customers, people, designers and 天网 did in a conversation, in order of time. */
export async function readHistory(store: Store, conversation: Conversation): Promise<RecordedConversation> {
  const messages = await store.messages.recent(conversation.id, MOST_MESSAGES);
  const orders = (await store.orders.ofConversation(conversation.id, MOST_ORDERS)).reverse();
  const acts = [
    ...(await wordsOf(store, messages)),
    ...(await Promise.all(orders.map((order, place) => actsOn(store, order, place)))).flat(),
    ...(await tasksOf(store, conversation)),
    ...workTold(messages, orders),
    ...(conversation.holder === "human"
      ? [{ at: messages.at(-1)?.at ?? conversation.created_at, does: "takes the chat over" as const }]
      : []),
  ];
  return { conversation, acts: acts.sort((one, other) => one.at - other.at) };
}

/** When our work on an order told something: by then it had been done. */
function workTold(messages: readonly SaidMessage[], orders: readonly ImageOrder[]): Act[] {
  return messages.flatMap(({ id, at, turn_id }): Act[] => {
    const order = orders.findIndex((one) => WORK_TELLS.some((what) => id.startsWith(`m_${one.id}_${what}`)));
    return turn_id !== null || order < 0 ? [] : [{ at, does: "waits for our work", order }];
  });
}

/** Each burst that was answered as one, each word that a person had to answer, each word of a person. */
async function wordsOf(store: Store, messages: readonly SaidMessage[]): Promise<Act[]> {
  const inbound = messages.filter(({ direction }) => direction === "in");
  const bursts = Map.groupBy(
    inbound.filter(({ status, turn_id }) => status === "answered" && turn_id !== null),
    ({ turn_id }) => turn_id ?? "",
  );
  const said = await Promise.all(
    [...bursts].map(async ([turnId, burst]): Promise<Act> => {
      const turn = await store.turns.find(turnId);
      // What came of orders before the turn began was known to it, also when the words are older.
      const at = turn?.started_at ?? Math.max(...burst.map((message) => message.at));
      return { at, does: "says", messages: burst };
    }),
  );
  const others = inbound.flatMap((message): Act[] => {
    if (message.author === "person") return [{ at: message.at, does: "answers as a person", message }];
    return message.status === "held" ? [{ at: message.at, does: "says to a person", message }] : [];
  });
  return [...said, ...others];
}

async function actsOn(store: Store, order: ImageOrder, place: number): Promise<Act[]> {
  const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
  const history = await store.orders.history(order.id);
  const files = order.deliveries.map(({ file }) => file);
  const paid: Act[] =
    order.paid_at === null || order.paid_by === null
      ? []
      : [
          {
            at: order.paid_at,
            does: "decides",
            order: place,
            verb: "paid",
            by: order.paid_by,
            yuan: null,
            files: [],
          },
        ];
  const moves = history.flatMap(({ at, from, to, cause }): Act[] => {
    if (cause === "designer-delivered") return [{ at, does: "designs", order: place, files }];
    if (from === "dispatched" && to === "failed")
      return [{ at, does: "gives up a design", order: place, why: cause }];
    if (to === "closed") return [{ at, does: "lets time pass" }];
    const [, what = "", by = ""] = BY_A_PERSON.exec(cause) ?? [];
    const verb = PERSON_VERBS[what];
    if (verb === undefined) return [];
    const yuan = verb === "price" && quote !== null ? quote.certificate.total_fen / 100 : null;
    return [{ at, does: "decides", order: place, verb, by, yuan, files: verb === "deliver" ? files : [] }];
  });
  return [...paid, ...moves];
}

/** What 天网 gave for this customer, and when it fired; what the agent gave itself comes of its own words again. */
async function tasksOf(store: Store, { customer_id: customerId }: Conversation): Promise<Act[]> {
  const tasks = await store.tasks.list({ customerId, limit: MOST_TASKS });
  const acts = await Promise.all(
    tasks.map(async (task): Promise<Act[]> => {
      const history = (await store.tasks.findWithHistory(task.task_id))?.history ?? [];
      const due = [...new Set(history.map(({ at }) => at))].map(
        (at): Act => ({ at, does: "lets time pass" }),
      );
      return [...(task.task_id.startsWith("agent:") ? [] : await givenAndTaken(store, task)), ...due];
    }),
  );
  return acts.flat();
}

/** What 天网 gave for all customers: it fires in each of their conversations. */
export async function tasksForAll(store: Store): Promise<Act[]> {
  const tasks = await store.tasks.list({ customerId: EVERYBODY, limit: MOST_TASKS });
  return (await Promise.all(tasks.map((task) => givenAndTaken(store, task)))).flat();
}

async function givenAndTaken(
  store: Store,
  { task_id: taskId, request, created_at }: Pick<Task, "task_id" | "request" | "created_at">,
): Promise<Act[]> {
  const history = (await store.tasks.findWithHistory(taskId))?.history ?? [];
  return [
    { at: created_at, does: "gives a task", request },
    ...history.flatMap(({ at, cause }): Act[] =>
      cause === "cancel" ? [{ at, does: "takes a task back", taskId }] : [],
    ),
  ];
}
