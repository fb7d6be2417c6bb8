import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aPhoto, asScreenshot } from "../../sandbox/pictures.ts";
import { startS3 } from "../../sandbox/s3.ts";
import { aShop, type Shop } from "../testing/shop.ts";

const MINUTE_MS = 60_000;
const BUYER = "buyer-1";

let s3: Awaited<ReturnType<typeof startS3>>;
let shop: Shop;
/** How often the image model was. */
let asked = 0;

beforeEach(async () => {
  s3 = await startS3();
  shop = await aShop({
    settings: {
      FILES_STORE: `s3://${s3.bucket}/shop`,
      S3_ENDPOINT: s3.url,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
    around: (outside) => ({
      ...outside,
      imageModel: {
        async edit(picture) {
          asked += 1;
          return picture;
        },
      },
    }),
    gallery: await Promise.all([1, 2, 3].map((seed) => aPhoto(seed))),
  });
});
afterEach(async () => {
  await shop.close();
  await s3.close();
});

// Refused, not busy: the library does not wait and try again, which would only make the test slow.
const breakDown = () => void Object.assign(s3.knobs, { mood: "forbidden" });
const mend = () => void Object.assign(s3.knobs, { mood: "well" });
const status = async () => (await shop.orders(BUYER))[0]?.status;
const reasons = async () => (await shop.handoffs(BUYER)).map((handoff) => handoff.reason);

describe("a shop whose files are in an S3 store", () => {
  it("works on a picture and serves the result, and keeps nothing in its own folder", async () => {
    await shop.say(BUYER, "这张图放大2倍", [await aPhoto(7, { width: 320, height: 240 })]);
    await shop.say(BUYER, "可以");

    const [order] = await shop.orders(BUYER);
    const file = order?.deliveries[0]?.file ?? "";
    expect(order?.status).toBe("delivered");
    expect([...s3.objects.keys()]).toContain(`shop/${file.slice(0, 2)}/${file}`);
    const response = await shop.request(`/files/${file}`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
    expect(existsSync(join(shop.service.env.DATA_DIR, "files"))).toBe(false);
  });

  it("sends the original that a buyer picked in the gallery", async () => {
    await shop.say(BUYER, "帮我找这张图的原图", [await asScreenshot(await aPhoto(3))]);
    await shop.say(BUYER, "可以");

    expect(await status()).toBe("delivered");
  });
});

describe("while the S3 store is away", () => {
  it("a picture's turn waits, nobody is bothered, and it is answered when the store is back", async () => {
    const file = await shop.service.files.put(await aPhoto(9, { width: 320, height: 240 }));
    breakDown();
    await shop.service.receiveMessage(aPictureMessage(file));
    await shop.service.jobs.idle();
    // Longer than a failing turn would be tried.
    for (let times = 0; times < 30; times += 1) await shop.pass(5 * MINUTE_MS);
    expect(await shop.told(BUYER)).toEqual([]);

    mend();
    await shop.pass(MINUTE_MS);

    expect(await shop.told(BUYER)).toHaveLength(1);
    expect(await reasons()).toEqual([]);
    expect(await shop.service.jobs.dead()).toEqual([]);
  });

  it("an agreed order's work waits, and is done once when the store is back", async () => {
    await shop.say(BUYER, "这张图放大2倍", [await aPhoto(7, { width: 320, height: 240 })]);
    breakDown();
    await shop.say(BUYER, "可以");
    await shop.pass(MINUTE_MS);
    expect(await status()).toBe("processing");

    mend();
    await shop.pass(5 * MINUTE_MS);

    expect(await status()).toBe("delivered");
    expect(await reasons()).toEqual([]);
    expect((await shop.told(BUYER)).filter((text) => text.includes("做好啦"))).toHaveLength(1);
  });

  it("an agreed original waits as well", async () => {
    await shop.say(BUYER, "帮我找这张图的原图", [await asScreenshot(await aPhoto(3))]);
    breakDown();
    await shop.say(BUYER, "可以");
    await shop.pass(MINUTE_MS);
    expect(await reasons()).toEqual([]);

    mend();
    await shop.pass(5 * MINUTE_MS);

    expect(await status()).toBe("delivered");
  });

  it("no model is paid for a result that could not be kept", async () => {
    asked = 0;
    await shop.say(BUYER, "把天空描成矢量图", [await aPhoto(8, { width: 320, height: 240 })]);
    breakDown();
    await shop.say(BUYER, "可以");
    const [order] = await shop.orders(BUYER);
    if (order?.status === "review") await shop.service.desk.confirm(order.id, "阿明");
    await shop.pass(MINUTE_MS);
    expect([await status(), asked]).toEqual(["processing", 0]);

    mend();
    await shop.pass(5 * MINUTE_MS);

    expect([await status(), asked]).toEqual(["delivered", 1]);
  });

  it("an order goes to a person once when the store stays away", async () => {
    await shop.say(BUYER, "这张图放大2倍", [await aPhoto(7, { width: 320, height: 240 })]);
    breakDown();
    await shop.say(BUYER, "可以");
    for (let times = 0; times < 20; times += 1) await shop.pass(5 * MINUTE_MS);

    expect(await reasons()).toEqual(["processing_failed"]);
  });

  it("text is answered, a file is 503 with retry-after, and health says degraded and why", async () => {
    const file = await shop.service.files.put(await aPhoto(4));
    breakDown();

    await shop.say(BUYER, "你好");
    const response = await shop.request(`/files/${file}`);
    const health = await shop.request("/api/health");

    expect(await shop.told(BUYER)).toHaveLength(1);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await response.json()).toMatchObject({ error: { code: "unavailable" } });
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      status: "degraded",
      components: { store: "ok", files: "the file store answered 403 AccessDenied" },
    });
  });

  it("health writes at most one file in ten seconds, however often it is asked", async () => {
    s3.requests.length = 0;

    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.request("/api/health")));

    expect(await answers[0]?.json()).toMatchObject({ status: "ok", components: { files: "ok" } });
    expect(s3.requests.map((request) => request.method)).toEqual(["PUT"]);
  });
});

function aPictureMessage(file: string) {
  return {
    channel: "qingjian",
    platform: "pinduoduo",
    shop: { id: "s1", name: null },
    externalConversationId: BUYER,
    customer: { id: BUYER, name: null },
    author: "buyer" as const,
    platformMessageId: "p1",
    dedupeKey: "p1",
    parts: [
      { type: "image" as const, file },
      { type: "text" as const, text: "这张图放大2倍" },
    ],
    at: Date.now(),
    context: null,
  };
}
