import { describe, expect, it } from "vitest";
import type { Store } from "../records.ts";
import { againAt, DONE, type JobRunner } from "./jobs.ts";

export type JobsHarness = {
  store: Store;
  jobs: JobRunner;
  /** Moves the clock that the store and the runner read. */
  advance(ms: number): void;
  now(): number;
  close(): Promise<void>;
};

function record(ran: unknown[]) {
  return async (job: { payload: unknown }) => {
    ran.push(job.payload);
    return DONE;
  };
}

/** What every driver of the jobs port keeps. */
export function describeJobs(name: string, open: () => Promise<JobsHarness>): void {
  describe(`jobs on ${name}`, () => {
    async function withJobs(work: (harness: JobsHarness) => Promise<void>): Promise<void> {
      const harness = await open();
      try {
        await work(harness);
      } finally {
        await harness.jobs.stop(1_000);
        await harness.close();
      }
    }

    it("runs a job once and forgets it when it is done", () =>
      withJobs(async ({ store, jobs }) => {
        const ran: unknown[] = [];
        jobs.start({ turn: { run: record(ran) } });

        await store.jobs.enqueue({ kind: "turn", payload: { a: 1 } });
        await jobs.idle();

        expect(ran).toEqual([{ a: 1 }]);
        expect(await jobs.depth()).toEqual({});
      }));

    it("does not know a job of a transaction that rolled back", () =>
      withJobs(async ({ store, jobs }) => {
        await expect(
          store.transaction(async (tx) => {
            await tx.jobs.enqueue({ kind: "turn", payload: 1 });
            throw new Error("no");
          }),
        ).rejects.toThrow("no");

        expect(await jobs.depth()).toEqual({});
      }));

    it("keeps one waiting job per key, with the newest payload and time", () =>
      withJobs(async ({ store, jobs, advance, now }) => {
        const ran: unknown[] = [];
        jobs.start({ turn: { run: record(ran) } });

        for (const wish of [1, 2, 3])
          await store.jobs.enqueue({ kind: "turn", key: "k", payload: wish, runAt: now() + wish * 1_000 });
        advance(2_500);
        await jobs.idle();
        expect(ran).toEqual([]);
        advance(1_000);
        await store.jobs.enqueue({ kind: "turn", payload: "wake" });
        await jobs.idle();

        expect(ran).toContain(3);
        expect(ran).not.toContain(1);
        expect(ran).not.toContain(2);
      }));

    it("runs a keyed job again when it was asked for while running", () =>
      withJobs(async ({ store, jobs }) => {
        const ran: unknown[] = [];
        jobs.start({
          turn: {
            run: async (job) => {
              ran.push(job.payload);
              if (ran.length === 1) await store.jobs.enqueue({ kind: "turn", key: "k", payload: "second" });
              return DONE;
            },
          },
        });

        await store.jobs.enqueue({ kind: "turn", key: "k", payload: "first" });
        await jobs.idle();

        expect(ran).toEqual(["first", "second"]);
      }));

    it("loses none of many keyed jobs that ask for themselves again while they run", () =>
      withJobs(async ({ store, jobs }) => {
        const ran = new Map<string, number>();
        jobs.start({
          turn: {
            run: async (job) => {
              const key = job.payload as string;
              ran.set(key, (ran.get(key) ?? 0) + 1);
              if (ran.get(key) === 1) await store.jobs.enqueue({ kind: "turn", key, payload: key });
              return DONE;
            },
          },
        });

        const keys = Array.from({ length: 50 }, (_none, n) => `k${n}`);
        await Promise.all(keys.map((key) => store.jobs.enqueue({ kind: "turn", key, payload: key })));
        await jobs.idle();

        expect([...ran.values()]).toEqual(keys.map(() => 2));
      }));

    it("never runs two jobs of one queue together, and keeps their order", () =>
      withJobs(async ({ store, jobs }) => {
        let running = 0;
        let most = 0;
        const order: unknown[] = [];
        jobs.start({
          turn: {
            run: async (job) => {
              running += 1;
              most = Math.max(most, running);
              await new Promise((resolve) => setImmediate(resolve));
              order.push(job.payload);
              running -= 1;
              return DONE;
            },
          },
        });

        await store.transaction(async (tx) => {
          for (let n = 0; n < 20; n += 1) await tx.jobs.enqueue({ kind: "turn", queue: "q", payload: n });
        });
        await jobs.idle();

        expect(most).toBe(1);
        expect(order).toEqual(Array.from({ length: 20 }, (_none, n) => n));
      }));

    it("tries a failed job again after its delay, then makes it a dead letter that can be replayed", () =>
      withJobs(async ({ store, jobs, advance }) => {
        let runs = 0;
        let isBroken = true;
        const died: string[] = [];
        jobs.start({
          turn: {
            retryDelaysMs: [1_000],
            run: async () => {
              runs += 1;
              if (isBroken) throw new Error("down");
              return DONE;
            },
            onDead: async (_job, error) => {
              died.push(error);
            },
          },
        });

        await store.jobs.enqueue({ kind: "turn", payload: {}, maxAttempts: 2 });
        await jobs.idle();
        expect(runs).toBe(1);
        advance(2_000);
        await store.jobs.enqueue({ kind: "deliver", payload: {} });
        await store.jobs.enqueue({ kind: "turn", payload: {}, runAt: 0, maxAttempts: 1 });
        await expect.poll(() => runs).toBe(3);
        const dead = await expect
          .poll(() => jobs.dead("turn"))
          .toHaveLength(2)
          .then(() => jobs.dead("turn"));
        isBroken = false;
        expect(died).toEqual(["down", "down"]);
        expect(await jobs.replay(dead[0]?.id ?? "")).toBe(true);
        await expect.poll(() => runs).toBe(4);

        expect(await jobs.dead("turn")).toHaveLength(1);
        expect(await jobs.replay("999999")).toBe(false);
      }));

    it("runs again at the time a handler names without counting a failure", () =>
      withJobs(async ({ store, jobs, advance, now }) => {
        const attempts: number[] = [];
        jobs.start({
          turn: {
            run: async (job) => {
              if (job.payload === "wake") return DONE;
              attempts.push(job.attempt);
              return attempts.length < 3 ? againAt(now() + 1_000) : DONE;
            },
          },
        });

        await store.jobs.enqueue({ kind: "turn", key: "k", payload: {} });
        for (let round = 1; round < 3; round += 1) {
          await jobs.idle();
          advance(1_001);
          // A key of its own: the job may be running by itself by now, and then would be asked to run once more.
          await store.jobs.enqueue({ kind: "turn", payload: "wake", key: `wake ${round}` });
        }
        await jobs.idle();

        expect(attempts).toEqual([1, 1, 1]);
      }));

    it("lets kinds wait that one process at a time runs, until they are taken and after they are left", () =>
      withJobs(async ({ store, jobs }) => {
        const ran: unknown[] = [];
        jobs.start({ turn: { run: record(ran) }, deliver: { run: record(ran) } }, ["deliver"]);
        const enqueue = async (payload: string) => {
          await store.jobs.enqueue({ kind: "deliver", payload });
          await store.jobs.enqueue({ kind: "turn", payload: `turn ${payload}` });
          await jobs.idle();
        };

        await enqueue("1");
        expect(ran).toEqual(["turn 1"]);
        await jobs.take(["deliver"], null);
        await expect.poll(() => ran).toEqual(["turn 1", "1"]);
        await enqueue("2");
        expect(ran).toContain("2");
        await jobs.leave(["deliver"]);
        await enqueue("3");
        expect(ran).not.toContain("3");
        await jobs.take(["deliver"], null);
        await expect.poll(() => ran).toContain("3");
      }));

    it("leaves kinds only when what runs of them has ended", () =>
      withJobs(async ({ store, jobs }) => {
        let end: () => void = () => {};
        let isRunning = false;
        const run = async () => {
          isRunning = true;
          await new Promise<void>((resolve) => {
            end = resolve;
          });
          isRunning = false;
          return DONE;
        };
        jobs.start({ deliver: { run } });
        await store.jobs.enqueue({ kind: "deliver", payload: {} });
        await expect.poll(() => isRunning).toBe(true);

        const left = jobs.leave(["deliver"]).then(() => isRunning);
        setTimeout(() => end(), 50);

        expect(await left).toBe(false);
        expect(await jobs.depth()).toEqual({});
      }));

    it("tells how late the job of each kind is that waits longest", () =>
      withJobs(async ({ store, jobs, advance, now }) => {
        await store.jobs.enqueue({ kind: "turn", payload: 1 });
        await store.jobs.enqueue({ kind: "deliver", payload: 1, runAt: now() + 60_000 });
        advance(4_000);
        await store.jobs.enqueue({ kind: "turn", payload: 2 });

        expect(await jobs.lateness()).toEqual({ turn: 4_000 });
      }));

    it("removes a waiting job by its key", () =>
      withJobs(async ({ store, jobs, now }) => {
        await store.jobs.enqueue({ kind: "turn", key: "k", payload: {}, runAt: now() + 1_000 });

        expect(await store.jobs.cancel("k")).toBe(true);
        expect(await store.jobs.cancel("k")).toBe(false);
        expect(await jobs.depth()).toEqual({});
      }));
  });
}
