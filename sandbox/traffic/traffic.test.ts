import { afterAll, beforeAll, expect, it } from "vitest";
import { type Stage, setStage } from "../demo/stage.ts";
import { buyersOf, ERRANDS } from "./buyers.ts";
import { MERGE_WINDOW_MS, playTraffic } from "./play-traffic.ts";
import { trafficLog } from "./traffic-log.ts";

const BUYERS = 10;
const stages: Stage[] = [];

beforeAll(async () => {
  for (let n = 0; n < 2; n += 1)
    stages.push(await setStage({ withModel: false, mergeWindowMs: MERGE_WINDOW_MS }));
}, 60_000);
afterAll(async () => {
  for (const stage of stages) await stage.close();
});

it("says and hears the same with the same seed, in two services", { timeout: 120_000 }, async () => {
  const logs = await Promise.all(
    stages.map(async (stage, at) =>
      trafficLog(await playTraffic(buyersOf(11, BUYERS), stage, { atOnce: 2 + at })),
    ),
  );

  expect(logs[1]).toBe(logs[0]);
  expect(logs[0]?.match(/^== /gmu)).toHaveLength(BUYERS);
  expect(logs[0]).toMatch(/^< .*您看可以吗/mu);
  expect(logs[0]).toMatch(/^< (?:做好啦|原图发您了)/mu);
});

it("begins with the same buyers however many come, and sends some on every errand", () => {
  const many = buyersOf(5, 400);

  expect(many.slice(0, 20)).toEqual(buyersOf(5, 20));
  expect(buyersOf(6, 20)).not.toEqual(buyersOf(5, 20));
  expect(new Set(many.map(({ errand }) => errand))).toEqual(new Set(ERRANDS));
  expect(new Set(many.map(({ id }) => id)).size).toBe(400);
});
