import { pause } from "../random.ts";
import type { TormentedDatabase } from "./database.ts";
import type { Target } from "./processes.ts";
import type { Yard } from "./yard.ts";

/** Up-time between two kills, in ms; more, within reason, where a start takes longer than usual. */
const UP_MS = { least: 50, most: 500 };
const SLOWEST = 4;
/** Now and then a life is longer, so that long work gets on. */
const LONG_LIFE = { share: 0.1, times: 6 };
/** Half of the lives end by what the process does, so that the kill finds it at work on any machine: so many frames. */
const BUSY = { share: 0.5, mostFrames: 24, withinMs: 2_500 };
/** From an acknowledged message to its answer it takes about so long. */
const A_TURN_MS = 120;
/** Share of kills before which the process stands still while a successor takes its place. */
const FREEZES = 0.12;
const USUAL_START_MS = 1_500;
const MOST_FREEZES = 40;
/** A job's lease is 15 s (src/store/job-leases.ts): who stands still for longer has lost what it held. */
const LONGER_THAN_A_LEASE_MS = { least: 16_000, most: 40_000 };

/** Kills the yard's processes that often, in every way, while others keep them busy. */
export async function torment(
  yard: Yard,
  { kills, onKill, freezes = FREEZES }: { kills: number; onKill: () => void; freezes?: number | undefined },
): Promise<void> {
  const { processes, random, clock, count } = yard;
  let done = 0;
  const killed = (how: string) => {
    done += 1;
    count(`killed ${how}`);
    onKill();
  };

  await refill();
  while (done < kills) {
    await liveOn();
    if (random.chance(0.15)) stepClock();
    if (yard.database !== null) await tormentDatabase(yard.database);
    const victim = random.pick(processes.live);
    if (victim === undefined) await refill();
    else if (random.chance(freezes)) await freezeBesideSuccessor(victim);
    else if (random.chance(0.05)) await freezeAlone(victim);
    else await killAndRefill(victim);
  }
  await refill();

  function slowness(): number {
    return Math.min(SLOWEST, Math.max(1, processes.startMs() / USUAL_START_MS));
  }

  async function liveOn(): Promise<void> {
    if (random.chance(BUSY.share)) {
      await busyMoment();
      return;
    }
    const times = slowness() * (random.chance(LONG_LIFE.share) ? LONG_LIFE.times : 1);
    await pause(random.between(UP_MS.least, UP_MS.most) * times);
  }

  async function busyMoment(): Promise<void> {
    const frames = Math.ceil(random.between(0, BUSY.mostFrames));
    await yard.qingjian.moreFrames(frames, BUSY.withinMs * slowness());
    await pause(random.between(0, A_TURN_MS));
  }

  /** Forward like a machine that slept, or a little back like a time server. */
  function stepClock(): void {
    clock.step(random.chance(0.7) ? random.between(1_000, 40_000) : -random.between(100, 5_000));
    count("steps of the clock");
  }

  async function tormentDatabase(database: TormentedDatabase): Promise<void> {
    if (random.chance(0.12)) {
      await database.cut();
      count("database connections cut");
    } else if (database.canRestart && random.chance(0.06)) {
      await database.restart();
      count("restarts of the database");
    } else return;
    await busyMoment();
  }

  async function killAndRefill({ child }: Target): Promise<void> {
    await processes.kill(child);
    killed("at work");
    await refill();
  }

  async function refill(): Promise<void> {
    while (processes.live.length < yard.replicas) {
      const child = processes.spawn();
      if (done > 0 && done < kills && random.chance(0.08)) {
        await pause(random.between(0.2, 1) * processes.startMs());
        await processes.kill(child);
        killed("while starting");
        continue;
      }
      await processes.start(child);
    }
  }

  /** It stands still for longer than its leases; another does its work; then it wakes up and goes on, and is killed. */
  async function freezeBesideSuccessor(victim: Target): Promise<void> {
    await freeze(victim);
    await passLeases();
    try {
      if (processes.live.length === 0) await processes.start();
    } catch {
      // It stands still in the middle of a write: whoever watches over processes ends it.
      await processes.kill(victim.child);
      killed("while it held the database");
      return;
    }
    await pause(random.between(UP_MS.least, UP_MS.most) * slowness());
    processes.wake(victim, { isServing: false });
    await pause(random.between(UP_MS.least, UP_MS.most) * slowness());
    await processes.kill(victim.child);
    killed("after it woke up beside its successor");
    await refill();
  }

  /** PostgreSQL's leases run by its own clock, which nobody steps: there it takes real time, so now and then only. */
  async function passLeases(): Promise<void> {
    const { least, most } = LONGER_THAN_A_LEASE_MS;
    clock.step(random.between(least, most));
    if (yard.database !== null && random.chance(0.4)) {
      await pause(least);
      count("leases run out");
    }
  }

  /** Mostly between two writes: SQLite has one writer, and who stops in the middle of a write stops the successor too. */
  async function freeze(victim: Target): Promise<void> {
    await busyMoment();
    processes.freeze(victim);
    for (let tries = 0; tries < MOST_FREEZES && random.chance(0.95) && yard.isLocked(); tries += 1) {
      processes.wake(victim, { isServing: true });
      await pause(random.between(1, 15));
      processes.freeze(victim);
    }
  }

  /** It stands still for longer than its leases and goes on by itself. */
  async function freezeAlone(victim: Target): Promise<void> {
    await busyMoment();
    processes.freeze(victim);
    await passLeases();
    await pause(random.between(50, 300));
    processes.wake(victim, { isServing: true });
    count("frozen and gone on");
  }
}
