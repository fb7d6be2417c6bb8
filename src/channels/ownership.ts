import { errorText } from "../domain/errors.ts";
import type { Lease, LeaseStore } from "../domain/leases.ts";
import type { Log } from "../domain/log.ts";

/** An owner that died is followed within a lease and a look: 7 s, and it takes a moment to connect. */
const LEASE_MS = 6_000;
const RENEW_MS = 2_000;
const LOOK_MS = 1_000;
/** We stop before our time is over, since clocks do not run at quite the same speed. */
const MARGIN_MS = 500;

export type Ownership = {
  start(): void;
  /** Lets it go in order, so that another process has it at once. */
  stop(): Promise<void>;
  /** Null: it is another's, or nobody's, or may be another's by now. */
  lease(): Lease | null;
};

/**
 * Lets one of all the processes on a database own something. Who could not renew in time, or stood still, does not own
 * it any more from that instant on, before anybody tells it so.
 *
 * @param onGained - `former`: the process that had it and did not give it back
 * @param onLost - `inOrder`: we give it back ourselves and may end what runs; else it is over already
 */
export function createOwnership({
  leases,
  name,
  owner,
  log,
  onGained,
  onLost,
  times = {},
}: {
  leases: LeaseStore;
  name: string;
  owner: string;
  log: Log;
  onGained: (former: string | null) => Promise<void>;
  onLost: (how: { inOrder: boolean }) => Promise<void>;
  times?: { leaseMs?: number; renewMs?: number; lookMs?: number; marginMs?: number };
}): Ownership {
  const { leaseMs = LEASE_MS, renewMs = RENEW_MS, lookMs = LOOK_MS, marginMs = MARGIN_MS } = times;
  let held: { lease: Lease; until: Deadline } | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let isAway = false;
  /** Looks and ends follow each other, one at a time. */
  let work: Promise<void> = Promise.resolve();

  function next(inMs: number): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      work = work.then(look).catch((error: unknown) => {
        log.error("ownership.failed", { name, error: errorText(error) });
        next(lookMs);
      });
    }, inMs);
  }

  async function look(): Promise<void> {
    if (isStopped) return;
    const asked = deadlineIn(leaseMs - marginMs);
    const taken = await inTime(leases.take({ name, owner, ttlMs: leaseMs }));
    // It lapsed before we were heard: whoever was connected meanwhile, we begin anew.
    if (held !== null && (isOver(held.until) || taken === null || taken === "no answer")) {
      if (taken !== "no answer" || isOver(held.until)) await lose({ inOrder: false });
    }
    if (taken !== null && taken !== "no answer") {
      const isNew = held === null || held.lease.token !== taken.lease.token;
      held = { lease: taken.lease, until: asked };
      if (isNew) {
        log.info("ownership.gained", { name, token: taken.lease.token, former: taken.former });
        try {
          await onGained(taken.former);
        } catch (error) {
          // Gained in part only: the next look begins anew.
          await lose({ inOrder: false });
          throw error;
        }
      }
    }
    next(held === null ? lookMs : renewMs);
  }

  /** A database that does not answer must not keep us from seeing that our time is over. */
  async function inTime(
    taking: ReturnType<LeaseStore["take"]>,
  ): Promise<Awaited<typeof taking> | "no answer"> {
    let late: NodeJS.Timeout | undefined;
    const answer = await Promise.race([
      taking.catch((error: unknown) => {
        if (!isAway) log.warn("ownership.no_answer", { name, error: errorText(error) });
        return "no answer" as const;
      }),
      new Promise<"no answer">((resolve) => {
        late = setTimeout(() => resolve("no answer"), renewMs);
      }),
    ]);
    clearTimeout(late);
    isAway = answer === "no answer";
    return answer;
  }

  async function lose(how: { inOrder: boolean }): Promise<void> {
    if (!how.inOrder) held = null;
    log.info("ownership.lost", { name, inOrder: how.inOrder });
    await onLost(how);
    held = null;
  }

  return {
    start: () => next(0),
    lease: () => (held === null || isOver(held.until) ? null : held.lease),
    async stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
      await work;
      if (held === null) return;
      const { lease } = held;
      await lose({ inOrder: !isOver(held.until) });
      await leases
        .giveBack(lease)
        .catch((error: unknown) => log.warn("ownership.not_given_back", { name, error: errorText(error) }));
    },
  };
}

/** By two clocks: the one stands still while a machine sleeps, the other may be set back. */
type Deadline = { running: number; wall: number };

function deadlineIn(ms: number): Deadline {
  return { running: performance.now() + ms, wall: Date.now() + ms };
}

function isOver({ running, wall }: Deadline): boolean {
  return performance.now() >= running || Date.now() >= wall;
}
