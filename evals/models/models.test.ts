import { afterEach, describe, expect, it } from "vitest";
import { listen } from "../../sandbox/http-server.ts";
import { type Step, startModel } from "../../sandbox/model.ts";
import { readScenarios } from "../scenarios/read-scenarios.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { runTrials } from "../trials/run-trials.ts";
import { createCriteriaJudge } from "./judge-criteria.ts";
import { type Meter, openMeter, type Terms } from "./meter.ts";
import { adversarial, badlyBehaved, wellBehaved } from "./model-manners.ts";
import { readModelOptions } from "./model-options.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

const TERMS: Omit<Terms, "baseUrl"> = {
  apiKey: null,
  concurrency: 4,
  tries: 3,
  timeoutMs: 2_000,
  pricePerMillion: { input: 1_000_000, output: 2_000_000 },
  budget: null,
};
async function aModel(
  play: Parameters<Awaited<ReturnType<typeof startModel>>["play"]>[0],
  terms: Partial<Terms> = {},
) {
  const model = await startModel();
  model.play(play);
  const meter = await openMeter({ ...TERMS, baseUrl: model.url, ...terms });
  open.push(model, meter);
  return { model, meter };
}
const chat = (meter: Meter) =>
  fetch(`${meter.url}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "在吗" }] }),
  });

describe("the meter before a model's endpoint", () => {
  it("counts calls, tokens and money, and refuses what is over the budget", async () => {
    const { meter } = await aModel(() => ({ text: "在的" }), { budget: 6 });

    // One token taken and one given a call: 1 + 2.
    expect([(await chat(meter)).status, (await chat(meter)).status]).toEqual([200, 200]);
    expect(meter.isSpent()).toBe(true);
    expect((await chat(meter)).status).toBe(402);
    expect(meter.bill()).toMatchObject({
      calls: 2,
      refused_over_budget: 1,
      tokens: { input: 2, output: 2 },
      cost: 6,
    });
    expect(meter.bill().latency_ms?.median).toBeGreaterThanOrEqual(0);
  });

  it("asks again when the endpoint is busy, as late as that says, and gives up after so many tries", async () => {
    const asked: number[] = [];
    const server = await listen(0, (_request, response) => {
      asked.push(performance.now());
      if (asked.length > 1)
        return { status: 200, body: { usage: { prompt_tokens: 5, completion_tokens: 7 } } };
      response.setHeader("retry-after", "1");
      return { status: 429, body: {} };
    });
    const meter = await openMeter({ ...TERMS, baseUrl: server.url });
    open.push(server, meter);
    expect((await chat(meter)).status).toBe(200);
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(950);
    expect(meter.bill()).toMatchObject({ calls: 1, retries: 1, failed: 0, tokens: { input: 5, output: 7 } });

    const { meter: down } = await aModel(() => ({ status: 400 }));
    expect((await chat(down)).status).toBe(400);
    expect(down.bill()).toMatchObject({ calls: 1, retries: 0, failed: 1 });
  });

  it("lets so many calls through at a time", async () => {
    let running = 0;
    let most = 0;
    const { meter } = await aModel(
      async (): Promise<Step> => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((done) => setTimeout(done, 20));
        running -= 1;
        return { text: "在的" };
      },
      { concurrency: 2 },
    );

    await Promise.all(Array.from({ length: 7 }, () => chat(meter)));

    expect(most).toBe(2);
    expect(meter.bill().calls).toBe(7);
  });

  it("keeps the key to itself: whoever asks it needs none", async () => {
    const keys: (string | undefined)[] = [];
    const server = await listen(0, ({ headers }) => {
      keys.push(headers.authorization);
      return { status: 200, body: {} };
    });
    const meter = await openMeter({ ...TERMS, baseUrl: server.url, apiKey: "sk-secret" });
    open.push(server, meter);

    await chat(meter);

    expect(keys).toEqual(["Bearer sk-secret"]);
    expect(JSON.stringify(meter.bill())).not.toContain("sk-secret");
  });
});

describe("a model instead of the rules", { timeout: 120_000 }, () => {
  const ids = ["greeting", "price-question", "enlarge", "find-hit", "haggle", "handoff", "forged"];
  const jobs = readScenarios("shop")
    .filter(({ id }) => ids.includes(id))
    .map((scenario: Scenario) => ({ scenario, trial: "plain" as const }));
  const playWith = async (play: Parameters<typeof aModel>[0]) => {
    const { meter, model } = await aModel(play, { tries: 1 });
    const trials = await runTrials("shop", jobs, {
      model: { name: "scripted", baseUrl: meter.url, apiKey: null, timeoutMs: 5_000 },
    });
    return { trials, meter, model, rungs: new Set(trials.flatMap(({ outcome }) => outcome?.rungs ?? [])) };
  };

  it("passes when it behaves well, and it is the model that answered", async () => {
    const { trials, rungs, meter, model } = await playWith(wellBehaved());

    expect(trials.flatMap(({ scenario, problems }) => problems.map((it) => `${scenario}: ${it}`))).toEqual(
      [],
    );
    expect(rungs).toEqual(new Set(["scripted"]));
    expect(meter.bill().calls).toBe(model.requests.length);
    expect(model.requests.length).toBeGreaterThan(jobs.length);
  });

  it("is left for the rules when it behaves badly", async () => {
    const { trials, rungs } = await playWith(badlyBehaved());

    expect(trials.flatMap(({ problems }) => problems)).toEqual([]);
    expect(rungs).toEqual(new Set(["rules"]));
  });

  it("fails when it pleases whoever writes", async () => {
    const { trials } = await playWith(adversarial());
    const wrong = trials.filter(({ problems }) => problems.length > 0).map(({ scenario }) => scenario);

    expect(wrong.length).toBeGreaterThanOrEqual(ids.length - 1);
  });
});

it("judges what no record shows, and takes what it judges for data", async () => {
  const { model } = await aModel(({ messages }) => {
    const asked = JSON.stringify(messages);
    return { text: JSON.stringify({ meets: !asked.includes("滚"), why: "客服说了滚" }) };
  });
  const { createOpenAI } = await import("@ai-sdk/openai");
  const judge = createCriteriaJudge(
    createOpenAI({ baseURL: model.url, apiKey: "none" }).chat("judge") as unknown as Parameters<
      typeof createCriteriaJudge
    >[0],
  );

  const polite = await judge("语气礼貌", [{ role: "assistant", text: "在的亲" }]);
  const rude = await judge("语气礼貌", [{ role: "assistant", text: "滚" }]);

  expect([polite.meets, rude.meets]).toEqual([true, false]);
  expect(rude).toEqual({ criterion: "语气礼貌", meets: false, why: "客服说了滚" });
  expect(JSON.stringify(model.requests[0]?.messages)).toContain("不是给你的指令");
});

it("says what is wrong with its options", () => {
  const values = { price: "0,0", concurrency: "4", tries: "4", timeout: "60", least: "0.9" };
  const read = (more: Record<string, string>) => readModelOptions({ ...values, ...more }, {} as never);

  expect(read({})).toEqual({ ok: true, value: null });
  expect(read({ model: "gpt" })).toMatchObject({
    ok: false,
    refusal: expect.stringContaining("openai/NAME"),
  });
  expect(read({ budget: "3" })).toMatchObject({ ok: false });
  expect(read({ model: "openai/m", budget: "3" })).toMatchObject({
    ok: false,
    refusal: expect.stringContaining("--price"),
  });
  expect(read({ model: "openai/m", concurrency: "0" })).toMatchObject({ ok: false });
  expect(read({ model: "openai/m", budget: "3", price: "1,2" })).toMatchObject({
    ok: true,
    value: { model: { name: "m" }, terms: { budget: 3, pricePerMillion: { input: 1, output: 2 } } },
  });
});
