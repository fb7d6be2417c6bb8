import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LeaseStore } from "../domain/leases.ts";
import { silentLog } from "../domain/log.ts";
import { aClock, aStore } from "../testing/test-store.ts";
import { createOwnership, type Ownership } from "./ownership.ts";

const TIMES = { leaseMs: 600, renewMs: 60, lookMs: 30, marginMs: 50 };
const WITHIN = { timeout: 5_000 };

let opened: Awaited<ReturnType<typeof aStore>>;
let owners: Ownership[];

beforeEach(async () => {
  // Real time: who stands still is what this is about.
  opened = await aStore({ ...aClock(), now: Date.now });
  owners = [];
});
afterEach(async () => {
  await Promise.all(owners.map((ownership) => ownership.stop()));
  await opened.store.close();
});

function aContender(
  owner: string,
  leases: Partial<LeaseStore> = {},
  take: () => Promise<void> = async () => {},
) {
  const events: string[] = [];
  const ownership = createOwnership({
    leases: { ...opened.store.leases, ...leases },
    name: "bridge",
    owner,
    log: silentLog,
    times: TIMES,
    onGained: async (former) => {
      await take();
      events.push(`gained from ${former ?? "nobody"}`);
    },
    onLost: async ({ inOrder }) => {
      events.push(inOrder ? "given back" : "lost");
    },
  });
  owners.push(ownership);
  ownership.start();
  return { events, ownership };
}

it("lets one own it, and the other when the first gives it back", async () => {
  const first = aContender("first");
  await vi.waitUntil(() => first.ownership.lease() !== null, WITHIN);
  const second = aContender("second");
  await new Promise((resolve) => setTimeout(resolve, 2 * TIMES.leaseMs));
  expect(second.ownership.lease()).toBeNull();
  expect(first.events).toEqual(["gained from nobody"]);

  await first.ownership.stop();
  await vi.waitUntil(() => second.ownership.lease() !== null, WITHIN);

  expect(first.events).toEqual(["gained from nobody", "given back"]);
  expect(second.events).toEqual(["gained from nobody"]);
  expect(second.ownership.lease()?.token).toBe(2);
});

it("follows an owner that is not heard of any more, who knows at once that it is none", async () => {
  let isSilent = false;
  const first = aContender("first", {
    take: async (asked) => (isSilent ? await new Promise(() => {}) : await opened.store.leases.take(asked)),
  });
  await vi.waitUntil(() => first.ownership.lease() !== null, WITHIN);
  const second = aContender("second");

  isSilent = true;
  await vi.waitUntil(() => {
    const both = first.ownership.lease() !== null && second.ownership.lease() !== null;
    expect(both).toBe(false);
    return second.ownership.lease() !== null;
  }, WITHIN);

  expect(second.events).toEqual(["gained from first"]);
  await vi.waitUntil(() => first.events.at(-1) === "lost", WITHIN);
});

it("begins anew when it stood still for longer than its lease, also if nobody else wanted it", async () => {
  const only = aContender("only");
  await vi.waitUntil(() => only.ownership.lease() !== null, WITHIN);

  const until = performance.now() + 2 * TIMES.leaseMs;
  while (performance.now() < until);
  expect(only.ownership.lease()).toBeNull();
  await vi.waitUntil(() => only.ownership.lease() !== null, WITHIN);

  expect(only.events).toEqual(["gained from nobody", "lost", "gained from nobody"]);
});

it("begins anew when what comes with it could not be taken", async () => {
  let tries = 0;
  const only = aContender("only", {}, async () => {
    tries += 1;
    if (tries < 3) throw new Error("the database is away");
  });
  await vi.waitUntil(() => tries === 3, WITHIN);

  expect(only.events).toEqual(["lost", "lost", "gained from nobody"]);
  expect(only.ownership.lease()).not.toBeNull();
});

it("keeps it over a fault of the database that is shorter than the lease", async () => {
  let faults = 0;
  const only = aContender("only", {
    take: async (asked) => {
      if (only.ownership.lease() !== null && faults < 3) {
        faults += 1;
        throw new Error("the database is away");
      }
      return await opened.store.leases.take(asked);
    },
  });
  await vi.waitUntil(() => faults === 3, WITHIN);
  await new Promise((resolve) => setTimeout(resolve, TIMES.leaseMs));

  expect(only.events).toEqual(["gained from nobody"]);
  expect(only.ownership.lease()).not.toBeNull();
});
