/** What a job does; each kind has one handler. */
export const JOB_KINDS = [
  "turn",
  "deliver",
  "transfer",
  "task-time",
  "task-action",
  "task-expire",
  "task-no-reply",
  "task-callback",
  "order-event",
  "order-close",
  "workflow",
  "tuhui-order",
  "tuhui-requirement",
  "tuhui-cancel",
  "tuhui-poll",
  "person-idle",
  "kf-pull",
  "handoff-card",
] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export type NewJob = {
  kind: JobKind;
  /** JSON; small: ids, not documents. */
  payload: unknown;
  /** At most one waiting job per key: a second enqueue replaces payload and time, or asks a running one to run again. */
  key?: string;
  /** Jobs of one queue never run at the same time. */
  queue?: string;
  /** UTC milliseconds; absent: now. */
  runAt?: number;
  maxAttempts?: number;
};

/** Enqueues inside the caller's transaction: the job exists exactly if the transaction commits. */
export type Jobs = {
  enqueue(job: NewJob): Promise<void>;
  /** Removes a job that is not running; true when there was one. A running one is told not to run again. */
  cancel(key: string): Promise<boolean>;
};

export type RunningJob = {
  id: string;
  kind: JobKind;
  payload: unknown;
  attempt: number;
  maxAttempts: number;
};

/** done: forget it. again: run at that time without counting a failure. A throw counts a failure and backs off. */
export type JobOutcome = { status: "done" } | { status: "again"; runAt: number };

export type JobHandler = {
  run(job: RunningJob): Promise<JobOutcome>;
  /** Waits between failures, in ms; the last one repeats. Absent: 1 s doubling to 5 min. */
  retryDelaysMs?: readonly number[];
  /** Called once, in its own transaction, when the last attempt failed. */
  onDead?(job: RunningJob, error: string): Promise<void>;
};

export type DeadJob = {
  id: string;
  kind: JobKind;
  payload: unknown;
  attempts: number;
  error: string;
  deadAt: number;
};

/** Runs jobs at least once each. One runner per process. */
export type JobRunner = {
  /** @param onlyWhenTaken - kinds that wait here until `take`: one process at a time runs them */
  start(handlers: Partial<Record<JobKind, JobHandler>>, onlyWhenTaken?: readonly JobKind[]): void;
  /** From now on these kinds run here; what the process of a former service still holds of them is free. */
  take(kinds: readonly JobKind[], former: string | null): Promise<void>;
  /** Claims no more of these kinds; resolves when those that run have ended. */
  leave(kinds: readonly JobKind[]): Promise<void>;
  /** Stops claiming and waits for running handlers, at most that long. */
  stop(timeoutMs: number): Promise<void>;
  /** Resolves when nothing is running and nothing is due now; for tests and benches. */
  idle(): Promise<void>;
  dead(kind?: JobKind): Promise<DeadJob[]>;
  /** Puts a dead job back with fresh attempts; false when there is none. */
  replay(id: string): Promise<boolean>;
  depth(): Promise<Record<string, number>>;
  /** By kind: for how long, in ms, the job that waits longest has been due and nobody has begun it. */
  lateness(): Promise<Record<string, number>>;
};

export const DONE: JobOutcome = { status: "done" };
export function againAt(runAt: number): JobOutcome {
  return { status: "again", runAt };
}

const DEFAULT_FIRST_RETRY_MS = 1_000;
const DEFAULT_LAST_RETRY_MS = 5 * 60_000;

/**
 * When a failed job may run again, in ms from now, with up to 20 % jitter so that a crowd does not come back at once.
 *
 * @param attempt - how many attempts have failed, from 1
 * @param random - 0-1
 */
export function retryDelayMs(attempt: number, delays: readonly number[] | undefined, random: number): number {
  const base =
    delays === undefined
      ? Math.min(DEFAULT_FIRST_RETRY_MS * 2 ** (attempt - 1), DEFAULT_LAST_RETRY_MS)
      : (delays[Math.min(attempt, delays.length) - 1] ?? DEFAULT_LAST_RETRY_MS);
  return Math.round(base * (1 + 0.2 * random));
}
