import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { AGREED_BY_BUYER } from "../domain/orders/desk/accept-order.ts";
import { aShop, type Shop } from "../testing/shop.ts";

const SECONDS = 1_000;
const SMALL = { width: 200, height: 150 };
/** How many commits of turns fail from now on, as if the process had ended just before. */
let cutOffs = 0;
let shop: Shop;

beforeAll(async () => {
  shop = await aShop({
    around: (outside) => ({
      ...outside,
      store: {
        ...outside.store,
        transaction: (work) =>
          outside.store.transaction((tx) =>
            work({
              ...tx,
              turns: {
                ...tx.turns,
                async add(turn) {
                  if (cutOffs-- > 0) throw new Error("the process ended here");
                  await tx.turns.add(turn);
                },
              },
            }),
          ),
      },
    }),
  });
});
afterAll(async () => {
  await shop.close();
});

describe("a turn whose process ends before it commits", () => {
  it.each([
    { before: [], words: "这张图放大2倍，急" },
    { before: [], words: "这张图放大2倍，顺便抠个图" },
    { before: ["这张图放大2倍"], words: "再抠个图吧" },
    { before: ["这张图放大2倍"], words: "转人工" },
    { before: ["这张图放大2倍"], words: "不要了" },
    { before: ["这张图放大2倍"], words: "取消订单" },
    { before: ["帮我抠图 要透明底", "可以"], words: "再帮我换成蓝底" },
  ])("reads $words again as it did at first: one order, and the same words", async ({ before, words }) => {
    const photo = await aPhoto(7, SMALL);
    const talk = async (buyer: string, cut: number) => {
      for (const [index, text] of [...before, words].entries()) {
        if (index === before.length) cutOffs = cut;
        await shop.say(buyer, text, index === 0 ? [photo] : []);
      }
      for (let n = 0; n < cut; n += 1) await shop.pass(10 * SECONDS);
      await shop.pass(10 * SECONDS);
      const orders = await shop.orders(buyer);
      return {
        told: await shop.told(buyer),
        orders: await Promise.all(
          orders.map(async ({ id, status }) => ({
            status,
            demands: (await shop.service.store.orders.revisions(id)).map(({ text }) => text),
          })),
        ),
        handoffs: (await shop.handoffs(buyer)).map(({ reason }) => reason),
      };
    };

    const undisturbed = await talk(`plain ${words}`, 0);
    expect(undisturbed.told.length).toBeGreaterThan(0);
    expect(await talk(`cut once ${words}`, 1)).toEqual(undisturbed);
    expect(await talk(`cut twice ${words}`, 2)).toEqual(undisturbed);
  });

  it("ends the order that it ended before, and no other, also when the buyer has said more meanwhile", async () => {
    for (const [index, more] of ["", "？"].entries()) {
      const buyer = `two orders ${index}`;
      await shop.say(buyer, "帮我找这张图的原图", [await aPhoto(1_021 + index, SMALL)]);
      await shop.say(buyer, "可以");
      await shop.say(buyer, "这张图放大2倍", [await aPhoto(1_031 + index, SMALL)]);
      const states = async () => (await shop.orders(buyer)).map(({ status }) => status);
      const [quoted, atWork] = await states();
      expect(quoted).toBe("quoted");

      cutOffs = 1;
      await shop.say(buyer, "不要了");
      if (more !== "") await shop.say(buyer, more);
      await shop.pass(10 * SECONDS);

      expect(await states()).toEqual(["cancelled", atWork]);
      expect((await shop.told(buyer)).at(-1)).toContain("没关系");
    }
  });

  it("leaves nothing behind", async () => {
    cutOffs = 1;
    await shop.say("tidy", "这张图放大2倍", [await aPhoto(7, SMALL)]);
    const { turns, messages } = shop.service.store;
    const [asked] = await messages.recent((await shop.orders("tidy"))[0]?.conversation_id ?? "", 1);
    expect((await turns.keptCase(`t_${asked?.id}`))?.messageIds).toEqual([asked?.id]);
    await shop.pass(10 * SECONDS);
    expect(await turns.keptCase(`t_${asked?.id}`)).toBeNull();
  });

  it("hears what a task has said meanwhile, and says nothing on top of it", async () => {
    cutOffs = 1;
    await shop.say("told meanwhile", "你好");
    const given = await shop.request("/api/task/receive", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        task_id: "meanwhile-1",
        type: "test",
        customer: { id: "told meanwhile" },
        trigger: { type: "customer_reply", keyword: "你好" },
        action: { type: "send_message", message: "您的专属客服来了" },
        created_by: "test",
      }),
    });
    expect(given.status).toBe(200);
    await shop.pass(10 * SECONDS);
    expect(await shop.told("told meanwhile")).toEqual(["您的专属客服来了"]);
  });

  it("says how it stands when the work that a yes began is done before the turn is run again", async () => {
    await shop.say("quick", "这张图放大2倍", [await aPhoto(7, SMALL)]);
    cutOffs = 1;
    await shop.say("quick", "可以");
    await shop.pass(10 * SECONDS);

    const told = await shop.told("quick");
    expect(told.join("\n")).not.toContain("马上开始做");
    expect(told.at(-1)).toContain("已经做好发给您啦");
    const [order] = await shop.orders("quick");
    expect(order?.status).toBe("delivered");
    // A model may not say which order it means.
    const { desk, ambient } = shop.service;
    const since = (at: number) => desk.theOrderMovedSince(order?.conversation_id ?? "", AGREED_BY_BUYER, at);
    expect(await since(order?.created_at ?? 0)).toMatchObject({ ok: true, value: { id: order?.id } });
    expect(await since(ambient.now() + 1)).toMatchObject({ ok: false });
  });
});
