import { expect, it } from "vitest";
import { runYard } from "./run-yard.ts";

const KILLS = 8;

it(`the service loses and doubles nothing when it is killed ${KILLS} times at work`, {
  timeout: 280_000,
}, async () => {
  const { history, problems } = await runYard({
    kills: KILLS,
    seed: 20_261_121,
    replicas: 1,
    database: null,
    control: null,
    keep: false,
    onKill: () => {},
  });

  expect(history.acked.length).toBeGreaterThan(KILLS);
  expect(history.shown.length).toBeGreaterThan(KILLS);
  expect(problems).toEqual([]);
  // What the stories wait for is said in the shop's own words: if nobody hears it, nothing of orders is tried.
  expect(history.orders.some(({ status }) => status === "delivered" || status === "closed")).toBe(true);
});
