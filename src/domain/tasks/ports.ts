import type { Firing, Task, TaskHistory, TaskRequest, TaskStatus, Trigger } from "./task.ts";

/** Slots of a cron expression (5 or 6 fields) in a named time zone. */
export type CronClock = {
  /** What is wrong with it, or null. */
  problem(expression: string, timezone: string): string | null;
  /** First slot strictly after that instant, UTC ms; null when there is none. */
  next(expression: string, timezone: string, after: number): number | null;
  /** How many slots lie in (after, until]; counted up to 10,000. */
  count(expression: string, timezone: string, after: number, until: number): number;
};

export type TaskFilter = {
  status?: TaskStatus | undefined;
  customerId?: string | undefined;
  type?: string | undefined;
  createdBy?: string | undefined;
  /** Only tasks before this sequence number. */
  beforeSeq?: number | undefined;
  limit: number;
};

export type TaskStore = {
  /** Adds a task; null when the id is taken. */
  add(task: { request: TaskRequest; now: number; nextAt: number | null }): Promise<Task | null>;
  find(taskId: string): Promise<Task | null>;
  list(filter: TaskFilter): Promise<Task[]>;
  /**
   * Pending tasks with this kind of trigger that look at this customer ("*" ones included), highest priority and
   * oldest first.
   */
  pendingFor(
    trigger: Trigger["type"],
    customer: { id: string; platform: string; shopId: string },
  ): Promise<Task[]>;
  /**
   * Moves a task if it is still in `from`, with a row of history; false when somebody else moved it first.
   */
  move(
    taskId: string,
    move: {
      from: TaskStatus;
      to: TaskStatus;
      cause: string;
      detail?: string | undefined;
      at: number;
      error?: string | null;
      fired?: boolean;
      attempted?: boolean;
      nextAt?: number | null;
    },
  ): Promise<boolean>;
  note(taskId: string, entry: TaskHistory): Promise<void>;
  /** The task with its states, oldest first. */
  findWithHistory(taskId: string): Promise<{ task: Task; history: TaskHistory[] } | null>;
  /** Claims a firing once per slot; null when that slot has fired. */
  claimFiring(firing: {
    id: string;
    taskId: string;
    slot: string;
    conversationId: string | null;
    customerId: string;
    at: number;
  }): Promise<Firing | null>;
  findFiring(id: string): Promise<Firing | null>;
  updateFiring(
    id: string,
    change: { status: Firing["status"]; error?: string | null; attempted?: boolean; conversationId?: string },
  ): Promise<void>;
  /** A firing of the task that waits for a person to give the conversation back. */
  waitingFiringOf(taskId: string): Promise<Firing | null>;
  /** Firings that wait for this conversation to come back to the bot. */
  waitingFirings(conversationId: string): Promise<Firing[]>;
  /** Firings whose slot is one of these messages: what has fired in a turn, also after a restart. */
  firingsOfSlots(slots: string[]): Promise<Firing[]>;
};
