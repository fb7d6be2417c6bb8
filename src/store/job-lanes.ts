import type { JobKind, JobRunner } from "../domain/jobs/jobs.ts";

/** Kinds that share workers, so that slow pictures never keep a reply waiting. */
export type JobLane = { name: string; kinds: JobKind[]; concurrency: number };

export const JOB_LANES: JobLane[] = [
  { name: "turn", kinds: ["turn"], concurrency: 64 },
  // Of the process that has the bridge.
  { name: "deliver", kinds: ["deliver", "transfer"], concurrency: 64 },
  {
    name: "task",
    kinds: [
      "task-time",
      "task-action",
      "task-expire",
      "task-no-reply",
      "order-event",
      "order-close",
      "person-idle",
    ],
    concurrency: 32,
  },
  { name: "work", kinds: ["workflow"], concurrency: 4 },
  {
    name: "outside",
    kinds: [
      "task-callback",
      "tuhui-order",
      "tuhui-requirement",
      "tuhui-cancel",
      "tuhui-poll",
      "kf-pull",
      "handoff-card",
    ],
    concurrency: 16,
  },
];

/** A runner that is told, after the commit, of what was enqueued. */
export type WakeableJobRunner = JobRunner & { wake(kind: JobKind, runAt: number): void };
