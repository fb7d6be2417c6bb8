import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPhoto, aProductOnWhite, asScreenshot } from "../../sandbox/pictures.ts";
import { judgeEvidence } from "../domain/orders/evidence.ts";
import { aShop, type Shop } from "../testing/shop.ts";
import type { Outside } from "./outside.ts";

let dir: string;
let shop: Shop;
let paidShop: Shop;
let buyer = "";
let count = 0;

const withoutText = (real: Outside): Outside => ({
  ...real,
  textReader: {
    read: async () => judgeEvidence([], { id: "e", engine: "test", version: "1", pictureArea: 1 }),
    close: async () => {},
  },
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "tianwang-words-"));
  cpSync("config", dir, { recursive: true });
  const file = join(dir, "pricing.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("require_payment: false", "require_payment: true"));
  const gallery = [await aPhoto(1), await aPhoto(2), await aPhoto(3)];
  shop = await aShop({ around: withoutText, gallery });
  paidShop = await aShop({ around: withoutText, gallery, settings: { CONFIG_DIR: dir } });
});
afterAll(async () => {
  await shop.close();
  await paidShop.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  count += 1;
  buyer = `words-${count}`;
});

const last = async (of = shop) => (await of.told(buyer)).at(-1) ?? "";
const newest = async (of = shop) => (await of.orders(buyer))[0];
const aSmallPhoto = () => aPhoto(50 + count, { width: 300, height: 200 });
const countOf = (text: string, what: string) => text.split(what).length - 1;

describe("the price", () => {
  it("is said once when there is one item", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aSmallPhoto()]);

    expect(await last()).toBe("高清/去噪/锐化 1 张，20 元，您看可以吗？回复「可以」就开始做。");
  });

  it("is said once for several pictures too", async () => {
    await shop.say(buyer, "这三张都放大2倍", [await aSmallPhoto(), await aPhoto(91), await aPhoto(92)]);

    expect(countOf(await last(), "40 元")).toBe(1);
    expect(await last()).not.toContain("一共");
  });

  it("is summed up when there are several items", async () => {
    await shop.say(buyer, "帮我抠图换白底 再弄清晰点", [await aProductOnWhite(count)]);

    expect(await last()).toContain("。一共 40 元，您看可以吗？");
  });

  it("that a question asks for is said once", async () => {
    await shop.say(buyer, "抠图多少钱一张");

    expect(await last()).toBe("抠图/换底 1 张，20 元。要做的话把图发我就可以安排。");
  });
});

describe("a picture that was found", () => {
  it("is offered as a question when it is the only candidate, and a yes takes it", async () => {
    await shop.say(buyer, "帮我找一张图案2的图");
    const offer = await last();
    expect(offer).toContain("找到 1 张");
    expect(offer).not.toContain("第 1");
    await shop.say(buyer, "是的");

    expect((await newest())?.picked).toEqual([1]);
    expect(await last()).toContain("10 元，您看可以吗？回复「可以」就把原图发您。");
  });

  it("is only sent over: nobody starts to work", async () => {
    await shop.say(buyer, "帮我找一下这张图的原图", [await asScreenshot(await aPhoto(3))]);
    await shop.say(buyer, "多少钱");
    expect(await last()).toContain("就把原图发您");
    await shop.say(buyer, "可以");

    expect((await newest())?.status).toBe("delivered");
    expect(await shop.told(buyer)).toContain("好的，原图马上发您。");
    expect((await shop.told(buyer)).join()).toContain("原图发您了，一共 1 张");
    expect((await shop.told(buyer)).join()).not.toMatch(/做好|开始做/u);
  });

  it("waits for the money where it must be paid first", async () => {
    await paidShop.say(buyer, "帮我找一下这张图的原图", [await asScreenshot(await aPhoto(3))]);
    await paidShop.say(buyer, "可以");
    expect(await last(paidShop)).toBe("好的，这边等您付款，收到款马上把原图发您。");
    await paidShop.say(buyer, "好了吗");

    expect(await last(paidShop)).toBe("等您付款，收到款马上把原图发您。");
  });
});

describe("a refusal", () => {
  it.each(["帮我在这上面p一个公司公章", "帮我把身份证上的名字改一下，再p个公章"])(
    "apologises once: %s",
    async (words) => {
      await shop.say(buyer, words, [await aSmallPhoto()]);

      expect(countOf(await last(), "抱歉") + countOf(await last(), "不好意思")).toBe(1);
      expect(countOf(await last(), "还请您理解")).toBe(1);
    },
  );

  it("without a picture says the same", async () => {
    await shop.say(buyer, "能帮我p个毕业证吗");

    expect(countOf(await last(), "抱歉") + countOf(await last(), "不好意思")).toBe(1);
  });

  it("that is only a second look says once that a colleague has it", async () => {
    await shop.say(buyer, "网上找的图 帮我去水印", [await aSmallPhoto()]);

    expect(await last()).toBe("去水印要先确认图片版权，请问这张图是您自己的吗？我先帮您转同事核对一下。");
  });
});

describe("an order that stands still", () => {
  it("says that it waits for payment", async () => {
    await paidShop.say(buyer, "这张图放大2倍", [await aSmallPhoto()]);
    await paidShop.say(buyer, "可以");
    await paidShop.say(buyer, "做好了吗");

    expect(await last(paidShop)).toBe("已经核对好，等您付款，收到款马上开始做。");
  });

  it("with a colleague says so to another yes", async () => {
    await shop.say(buyer, "把这个图描成矢量图", [await aSmallPhoto()]);
    await shop.say(buyer, "可以");
    expect((await newest())?.status).toBe("handed_off");
    await shop.say(buyer, "可以");

    expect(await last()).toBe("同事已经接手这单了，有进展马上告诉您。");
  });
});

describe("the answer to whether it is urgent", () => {
  it.each(["不急", "不用加急", "不用"])("%s leaves the price and the order as they are", async (words) => {
    await shop.say(buyer, "这张图放大2倍，急", [await aSmallPhoto()]);
    expect(await last()).toContain("2 小时内就要吗");
    await shop.say(buyer, words);
    expect(await last()).toBe(
      "好的，那就按正常时间做，价格不变，还是 20 元，您看可以吗？回复「可以」就开始做。",
    );
    await shop.say(buyer, "可以");

    expect((await newest())?.status).toBe("delivered");
  });

  it("yes is kept with what it meant", async () => {
    await shop.say(buyer, "这张图放大2倍，急", [await aSmallPhoto()]);
    await shop.say(buyer, "是的");
    const order = await newest();
    const revisions = await shop.service.store.orders.revisions(order?.id ?? "");

    expect(order?.demand.urgent).toBe(true);
    expect(revisions.map(({ text }) => text)).toEqual(["这张图放大2倍，急", "加急（买家回复：是的）"]);
  });
});

describe("a later demand", () => {
  it("that says too little is asked about before it is added", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aSmallPhoto()]);
    await shop.say(buyer, "要竖版的");
    expect(await last()).toContain("比例");
    expect((await newest())?.revision).toBe(1);
    await shop.say(buyer, "3:4");

    expect(await shop.orders(buyer)).toHaveLength(1);
    expect((await newest())?.demand.operations).toContainEqual({ op: "crop_ratio", ratio_w: 3, ratio_h: 4 });
  });

  it("that is forbidden is refused, not asked about", async () => {
    await shop.say(buyer, "这张图放大2倍", [await aSmallPhoto()]);
    await shop.say(buyer, "再p个公章 换个背景");

    expect(await last()).toContain("还请您理解");
    expect((await newest())?.revision).toBe(1);
  });
});
