import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPhoto } from "../../sandbox/pictures.ts";
import { judgeEvidence } from "../domain/orders/evidence.ts";
import { aShop, type Shop } from "../testing/shop.ts";

let dir: string;
let shop: Shop;
let buyer = "";
let count = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-paid-"));
  cpSync("config", dir, { recursive: true });
  const file = join(dir, "pricing.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("require_payment: false", "require_payment: true"));
  shop = await aShop({
    settings: { CONFIG_DIR: dir },
    around: (real) => ({
      ...real,
      textReader: {
        read: async () => judgeEvidence([], { id: "e", engine: "test", version: "1", pictureArea: 1 }),
        close: async () => {},
      },
    }),
  });
});
afterAll(async () => {
  await shop.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  count += 1;
  buyer = `payer-${count}`;
  await shop.say(buyer, "这张图放大2倍", [await aPhoto(count, { width: 200, height: 150 })]);
});

const newest = async () => (await shop.orders(buyer))[0];
const last = async () => (await shop.told(buyer)).at(-1);

describe("where payment is required", () => {
  it("waits for the money after the yes, and works when an operator notes it", async () => {
    await shop.say(buyer, "可以");
    expect((await newest())?.status).toBe("accepted");
    expect(await last()).toContain("等您付款");
    const response = await shop.request(`/api/operations/orders/${(await newest())?.id}/paid`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ by: "阿明" }),
    });
    await shop.service.jobs.idle();

    expect(response.status).toBe(200);
    expect(await newest()).toMatchObject({ status: "delivered", paid_by: "阿明" });
  });

  it("works when the platform's order is paid, and takes one payment for one order", async () => {
    const paid = { order: { id: `P-${buyer}`, status: "paid" } };
    await shop.say(buyer, "可以");
    await shop.say(buyer, "付好了", [], paid);
    expect(await newest()).toMatchObject({ status: "delivered", paid_by: `platform:P-${buyer}` });
    await shop.say(buyer, "这张也放大2倍", [await aPhoto(900 + count, { width: 200, height: 150 })], paid);
    await shop.say(buyer, "可以", [], paid);

    expect(await newest()).toMatchObject({ status: "accepted", paid_at: null });
  });

  it("works at once when the money was there before the yes", async () => {
    await shop.say(buyer, "可以", [], { order: { id: `P-${buyer}`, status: "paid" } });

    expect((await newest())?.status).toBe("delivered");
  });

  it("asks anew when a later demand changes the price before the money came", async () => {
    await shop.say(buyer, "可以");
    await shop.say(buyer, "再调亮一点");
    expect((await newest())?.status).toBe("quoted");
    expect(await last()).toContain("一共 50 元，您看可以吗");
    await shop.say(buyer, "可以");

    expect((await newest())?.status).toBe("accepted");
  });
});
