/** What was promised and what was seen while services were killed again and again. Conversations by the platform's id. */
export type History = {
  /** Messages the service acknowledged. */
  acked: { conversation: string; messageId: string }[];
  /** Buyers' messages in the service's records, in order of arrival (a redelivery may come behind what was said later). */
  stored: { conversation: string; messageId: string; status: string; turnId: string | null }[];
  /** Turns that ended without a word of the agent's, since a task has spoken. */
  silentTurns: string[];
  /** What the service has written to buyers, in its own order. */
  written: Written[];
  /** Replies as the buyer saw them: once per key, in the order of their arrival. */
  shown: Shown[];
  /** When a person held a conversation: from the answer to the takeover until the release was asked for. */
  holds: { conversation: string; from: number; until: number }[];
  /** Tasks that got a 200, with the text that each sends. */
  tasks: TaskSeen[];
  /** Reports of tasks' ends, by webhook id. */
  reports: { taskId: string; webhookId: string }[];
  orders: OrderSeen[];
  /** 图绘's side. */
  designerOrders: DesignerOrderSeen[];
};

export type Written = {
  key: string;
  conversation: string;
  status: string;
  error: string | null;
  turnId: string | null;
};
export type Shown = { conversation: string; key: string; inReplyTo: string | null; text: string; at: number };
export type TaskSeen = {
  id: string;
  text: string;
  status: string;
  error: string | null;
  /** Its occasion has come: it may not be pending any more. */
  isDue: boolean;
};
export type OrderSeen = {
  id: string;
  conversation: string;
  status: string;
  /** Every status it has had, oldest first. */
  history: string[];
  /** Totals of all its quotes, in fen, oldest first. */
  totals: number[];
  /** The buyer has agreed to the newest of them. */
  isAgreed: boolean;
  /** A handoff of it is open, or a person has had one. */
  isWithPerson: boolean;
  /** A person has been asked to look at what became of it. */
  isAsked: boolean;
  /** Its demands that count, by number. */
  revisions: number[];
  dispatchNo: string | null;
};
export type DesignerOrderSeen = {
  orderNo: string;
  imageTaskId: string;
  status: string;
  requirements: number[];
  supplements: number[];
  cancels: number;
};

export const PROBLEM_KINDS = ["lost", "doubled", "order", "takeover", "record", "report", "money"] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];
export type Problem = { kind: ProblemKind; text: string };
