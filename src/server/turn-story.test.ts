import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { aShop, type Shop } from "../testing/shop.ts";
import { isOnPostgres } from "../testing/test-database.ts";
import { readTurnStory } from "./turn-story.ts";

let shop: Shop;
let turns: string[];

beforeAll(async () => {
  shop = await aShop();
  const photo = await aPhoto(3, { width: 200, height: 150 });
  await shop.request("/api/task/receive", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      task_id: "story-1",
      type: "test",
      customer: { id: "lin" },
      trigger: { type: "customer_reply", keyword: "放大" },
      action: { type: "send_message", message: "老客户专享" },
      created_by: "test",
    }),
  });
  await shop.say("lin", "这张图放大2倍", [photo]);
  await shop.say("lin", "可以");
  // The workflow goes on beside the jobs: what it moves later would be told of the turn that follows.
  await vi.waitFor(async () => expect((await shop.orders("lin"))[0]?.status).toBe("delivered"), 10_000);
  await shop.say("lin", "转人工");
  const [order] = await shop.orders("lin");
  const messages = await shop.service.store.messages.recent(order?.conversation_id ?? "", 100);
  turns = [...new Set(messages.flatMap(({ turn_id }) => (turn_id === null ? [] : [turn_id])))];
});
afterAll(async () => {
  await shop.close();
});

it("tells what a turn was asked, what it fired, how it was priced and weighed, and what was answered", async () => {
  const story = await readTurnStory(shop.service.store, turns[0] ?? "");

  expect(story?.turn).toMatchObject({ rung: "rules", outcome: "answered", agent: "shop" });
  expect(story?.customerId).toBe("lin");
  expect(story?.said).toMatchObject([{ pictures: [{ width: 200, height: 150 }] }]);
  expect(story?.said[0]?.text).toContain("这张图放大2倍");
  expect(story?.fired).toMatchObject([{ task_id: "story-1" }]);
  expect(story?.orders).toMatchObject([
    {
      kind: "process",
      moves: [{ to: "draft" }, { to: "quoted", cause: "quote" }],
      quote: { total_fen: 2000, items: [{ service: "enhance" }] },
      risk: { assessment: { decision: "accept" } },
    },
  ]);
  expect(story?.replies.at(-1)?.text).toContain("20 元，您看可以吗");
});

it("tells each turn's own: what moved in it and who was called", async () => {
  const [, agreed, asked] = await Promise.all(turns.map((id) => readTurnStory(shop.service.store, id)));

  expect(agreed?.orders[0]?.moves.map(({ cause }) => cause)).toContain("buyer-agreed");
  expect(agreed?.handoffs).toEqual([]);
  expect(asked?.orders).toEqual([]);
  expect(asked?.handoffs).toMatchObject([{ reason: "customer_asked" }]);
});

it("finds the turn by a message of either side, and none by anything else", async () => {
  const story = await readTurnStory(shop.service.store, turns[0] ?? "");
  for (const id of [story?.said[0]?.id, story?.replies.at(-1)?.id])
    expect((await readTurnStory(shop.service.store, id ?? ""))?.turn.id).toBe(turns[0]);

  expect(await readTurnStory(shop.service.store, "t_nothing")).toBeNull();
});

// The command opens the shop's file as its operator's shell would.
it.skipIf(isOnPostgres())("is printed by npm run explain", () => {
  const text = execFileSync(process.execPath, ["src/server/cli/explain.ts", turns[0] ?? ""], {
    env: {
      DATA_DIR: shop.dir,
      DATABASE_URL: `file:${join(shop.dir, "app.db")}`,
    },
    encoding: "utf8",
  });

  expect(text).toContain(`轮次  ${turns[0]}`);
  expect(text).toContain("客户: ");
  expect(text).toContain("触发天网任务 story-1");
  expect(text).toMatch(/报价 20 元.*高清/u);
  expect(text).toContain("风险 accept");
  expect(text).toMatch(/bot: .*20 元，您看可以吗/u);
});
