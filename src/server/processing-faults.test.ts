import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPhoto, asScreenshot } from "../../sandbox/pictures.ts";
import { startTuhui } from "../../sandbox/tuhui.ts";
import { AppError } from "../domain/errors.ts";
import { judgeEvidence, type TextEvidence } from "../domain/orders/evidence.ts";
import type { ImageOrder } from "../domain/orders/order.ts";
import type { ImageModel } from "../domain/pictures/ports.ts";
import { aShop, type Shop } from "../testing/shop.ts";
import type { Outside } from "./outside.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What breaks, by the part and the call that breaks. Set by each test, and only while work is done. */
type Faults = Partial<{ [Part in keyof Outside]: Partial<Outside[Part]> }>;
let faults: Faults = {};
const evidence: { now: (id: string) => TextEvidence } = { now: withoutText };

let tuhui: Awaited<ReturnType<typeof startTuhui>>;
let shop: Shop;
let realParts: Outside;
let original: Uint8Array;
let count = 0;
let buyer = "";

beforeAll(async () => {
  tuhui = await startTuhui();
  original = await aPhoto(3);
  shop = await aShop({
    settings: { TUHUI_API_URL: tuhui.url },
    gallery: await Promise.all([1, 2, 3].map((seed) => aPhoto(seed))),
    around: (real) => {
      realParts = real;
      return {
        ...real,
        files: breakable("files", real.files),
        engine: breakable("engine", real.engine),
        inspector: breakable("inspector", real.inspector),
        gallery: breakable("gallery", real.gallery),
        deliveryFetcher: breakable("deliveryFetcher", real.deliveryFetcher),
        store: breakable("store", real.store),
        imageModel: { edit: (...args) => imageModel().edit(...args) },
        textReader: { read: async () => evidence.now("e"), close: async () => {} },
      };
    },
  });
});
afterAll(async () => {
  await shop.close();
  await tuhui.close();
});
beforeEach(() => {
  count += 1;
  buyer = `buyer-${count}`;
  faults = {};
  evidence.now = withoutText;
  tuhui.knobs.isDown = false;
});

/** The real part, unless a test says that a call of it breaks. */
function breakable<Part extends keyof Outside>(name: Part, real: Outside[Part]): Outside[Part] {
  return new Proxy(real as object, {
    get(target, call) {
      const broken = (faults[name] as Record<string | symbol, unknown> | undefined)?.[call];
      const value = broken ?? (target as Record<string | symbol, unknown>)[call];
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as Outside[Part];
}

function imageModel(): ImageModel {
  const broken = faults.imageModel as ImageModel | undefined;
  if (broken !== undefined) return broken;
  throw new AppError("image-model-error", "503");
}

function withoutText(id: string): TextEvidence {
  return judgeEvidence([], { id, engine: "test", version: "1", pictureArea: 1 });
}
function withText(id: string): TextEvidence {
  const points: [number, number][] = [
    [0, 0],
    [1, 0],
    [1, 1],
  ];
  return judgeEvidence([{ points, text: "海滩酒店", score: 0.99 }], {
    id,
    engine: "test",
    version: "1",
    pictureArea: 1,
  });
}
function throwing(error: Error): () => Promise<never> {
  return () => Promise.reject(error);
}

async function theOrder(): Promise<ImageOrder> {
  const [order, ...others] = await shop.orders(buyer);
  if (order === undefined) throw new Error("no order");
  expect(others).toEqual([]);
  return order;
}
const statuses = async () =>
  (await shop.service.store.orders.history((await theOrder()).id)).map((it) => it.to);
const toldAfter = async (before: number) => (await shop.told(buyer)).slice(before);

/** A buyer agrees to an enlarging; the work breaks. Then time goes by, so that whatever retries has done so. */
async function agreeTo(demand: string, broken: Faults, picture = aPhoto(count, { width: 320, height: 240 })) {
  await shop.say(buyer, demand, [await picture]);
  const before = (await shop.told(buyer)).length;
  faults = broken;
  await shop.say(buyer, "可以");
  if ((await theOrder()).status === "review") await shop.service.desk.confirm((await theOrder()).id, "阿明");
  await shop.service.jobs.idle();
  for (let minutes = 0; minutes < 3; minutes += 1) await shop.pass(MINUTE_MS);
  faults = {};
  return before;
}

describe("work on a picture that breaks", () => {
  const boom = new AppError("operation-failed", "boom");
  it.each<[string, () => Faults]>([
    ["an operation fails", () => ({ engine: { apply: throwing(boom) } })],
    [
      "an operation takes too long",
      () => ({ engine: { apply: throwing(new AppError("operation-timeout", "")) } }),
    ],
    ["an operation has a bug", () => ({ engine: { apply: throwing(new TypeError("x is not a function")) } })],
    ["the result fails its check twice", () => ({ engine: { check: async () => ["blank"] } })],
    ["the check itself breaks", () => ({ engine: { check: throwing(new Error("check")) } })],
    ["the preview cannot be made", () => ({ engine: { preview: throwing(boom) } })],
    ["the buyer's picture is gone", () => ({ files: { get: async () => null } })],
    ["the disk cannot be read", () => ({ files: { get: throwing(new Error("EIO")) } })],
    ["the result cannot be kept", () => ({ files: { put: throwing(new Error("EIO")) } })],
    ["the result cannot be looked at", () => ({ inspector: { inspect: throwing(new Error("bug")) } })],
  ])("goes to a designer once, told in one honest sentence: %s", async (_name, broken) => {
    const before = await agreeTo("这张图放大2倍", broken());

    expect((await shop.handoffs(buyer)).map((it) => it.reason)).toEqual(["processing_failed"]);
    const said = await toldAfter(before);
    expect(said.filter((text) => text.includes("没有达到要求"))).toHaveLength(1);
    expect(said.filter((text) => text.includes("做好啦"))).toEqual([]);
    expect(await statuses()).toEqual([
      "draft",
      "quoted",
      "accepted",
      "processing",
      "failed",
      "handed_off",
      "dispatched",
    ]);
    expect(await atTuhui()).toHaveLength(1);
  });

  it("goes to a designer when the text that was readable is lost, or cannot be read again", async () => {
    evidence.now = withText;
    await shop.say(buyer, "这张图放大2倍", [await aPhoto(count)]);
    const before = (await shop.told(buyer)).length;
    await shop.say(buyer, "可以");
    evidence.now = (id) => ({ ...withoutText(id), failed: true, verdict: "unsure" });
    await shop.service.desk.confirm((await theOrder()).id, "阿明");
    await shop.service.jobs.idle();

    expect((await theOrder()).status).toBe("dispatched");
    expect((await shop.handoffs(buyer)).map((it) => it.reason).sort()).toEqual([
      "high_value",
      "processing_failed",
    ]);
    expect((await toldAfter(before)).filter((text) => text.includes("没有达到要求"))).toHaveLength(1);
  });

  it("is a person's to price when the text cannot be read at all", async () => {
    evidence.now = (id) => ({ ...withoutText(id), failed: true, verdict: "unsure" });
    await shop.say(buyer, "帮我把这张图变清晰", [await aPhoto(count)]);
    await shop.say(buyer, "可以");

    expect((await theOrder()).status).toBe("review");
    expect(await shop.handoffs(buyer)).toHaveLength(1);
  });

  it.each<[string, () => Faults]>([
    ["is down", () => ({ imageModel: { edit: throwing(new AppError("image-model-error", "503")) } })],
    ["takes too long", () => ({ imageModel: { edit: throwing(new AppError("image-model-timeout", "")) } })],
    ["refuses", () => ({ imageModel: { edit: throwing(new AppError("image-model-refused", "")) } })],
    ["draws nothing", () => ({ imageModel: { edit: async () => blank() } })],
  ])("goes to a designer once when the image model %s twice", async (_name, broken) => {
    const asked = countCalls(broken());
    const before = await agreeTo("把天空描成矢量图", asked.faults);

    expect(asked.calls()).toBe(2);
    expect((await shop.handoffs(buyer)).map((it) => it.reason)).toEqual(["processing_failed"]);
    expect((await toldAfter(before)).filter((text) => text.includes("没有达到要求"))).toHaveLength(1);
    expect((await theOrder()).status).toBe("dispatched");
  });

  it("is delivered when the image model succeeds the second time", async () => {
    let tries = 0;
    const edit: ImageModel["edit"] = async (picture) => {
      tries += 1;
      if (tries === 1) throw new AppError("image-model-error", "429");
      return picture;
    };
    const before = await agreeTo("把天空描成矢量图", { imageModel: { edit } });

    expect((await theOrder()).status).toBe("delivered");
    expect(await shop.handoffs(buyer)).toEqual([]);
    expect((await toldAfter(before)).filter((text) => text.includes("做好啦"))).toHaveLength(1);
  });

  it.each([2, 3, 4, 5, 6, 7, 8])(
    "goes on by itself when the records cannot be written for a while, from write %i on",
    async (first) => {
      const { store } = realParts;
      let writes = 0;
      const before = await agreeTo("这张图放大2倍", {
        store: {
          transaction: (work) => {
            writes += 1;
            const isBroken = writes >= first && writes < first + 4;
            return isBroken ? Promise.reject(new Error("SQLITE_BUSY")) : store.transaction(work);
          },
        },
      });
      for (let minutes = 0; minutes < 5; minutes += 1) await shop.pass(10 * MINUTE_MS);

      expect(writes).toBeGreaterThan(first);
      expect((await theOrder()).status).toBe("delivered");
      expect(await shop.handoffs(buyer)).toEqual([]);
      expect((await toldAfter(before)).filter((text) => text.includes("做好啦"))).toHaveLength(1);
    },
  );
});

describe("a find order that breaks", () => {
  const boom = throwing(new Error("index"));

  it("goes to a person only, when the gallery cannot be searched before anything was agreed", async () => {
    await shop.say(buyer, "你好");
    const before = (await shop.told(buyer)).length;
    faults = { gallery: { searchByPicture: boom, searchByWords: boom } };
    await openByTask("find-image", "小猫插画");

    expect((await theOrder()).status).toBe("handed_off");
    expect((await shop.handoffs(buyer)).map((it) => it.reason)).toEqual(["processing_failed"]);
    expect((await toldAfter(before)).filter((text) => text.includes("图库暂时查不了"))).toHaveLength(1);
    expect(await atTuhui()).toEqual([]);
  });

  it.each<[string, () => Faults]>([
    ["is gone", () => ({ files: { get: async () => null } })],
    ["cannot be read", () => ({ files: { get: throwing(new Error("EIO")) } })],
    ["does not open any more", () => ({ inspector: { inspect: throwing(new Error("bug")) } })],
  ])("goes to a designer once when the agreed original %s", async (_name, broken) => {
    await shop.say(buyer, "帮我找这张图的原图", [await asScreenshot(original)]);
    const before = (await shop.told(buyer)).length;
    faults = broken();
    await shop.say(buyer, "可以");
    faults = {};
    await shop.pass(MINUTE_MS);

    expect((await shop.handoffs(buyer)).map((it) => it.reason)).toEqual(["processing_failed"]);
    expect((await toldAfter(before)).filter((text) => text.includes("图库暂时查不了"))).toHaveLength(1);
    expect((await theOrder()).status).toBe("dispatched");
    expect(await atTuhui()).toHaveLength(1);
  });
});

describe("a designer's work that breaks", () => {
  const WORDS = "把天空描成矢量图";

  async function dispatched() {
    const before = await agreeTo(WORDS, {});
    const order = await theOrder();
    return { order, before, no: order.dispatch_no ?? "" };
  }
  const poll = () => shop.pass(6 * MINUTE_MS);

  it("is asked for once and told once when 图绘 is down for minutes", async () => {
    tuhui.knobs.isDown = true;
    const before = await agreeTo("把这张图描成矢量图", {});
    for (let minutes = 0; minutes < 5; minutes += 1) await shop.pass(MINUTE_MS);
    expect((await theOrder()).status).toBe("handed_off");
    expect(await shop.handoffs(buyer)).toHaveLength(1);
    tuhui.knobs.isDown = false;
    await shop.pass(2 * MINUTE_MS);

    expect((await theOrder()).status).toBe("dispatched");
    expect(await atTuhui()).toHaveLength(1);
    expect(await shop.handoffs(buyer)).toHaveLength(1);
    expect((await toldAfter(before)).filter((text) => text.includes("没有达到要求"))).toHaveLength(1);
  });

  it.each<[string, (no: string) => unknown]>([
    ["gives up", (no) => tuhui.fail(no, "画不了")],
    ["delivers what is no picture", (no) => tuhui.deliver(no, [Buffer.from("no picture")])],
    ["delivers nothing", (no) => tuhui.deliver(no, [])],
  ])("goes to a person once when the designer %s, though no callback arrives", async (_name, ends) => {
    const { no, before } = await dispatched();
    tuhui.knobs.loseCallbacks = 1;
    await ends(no);
    for (let looks = 0; looks < 3; looks += 1) await poll();

    expect((await theOrder()).status).toBe("handed_off");
    expect((await shop.handoffs(buyer)).map((it) => it.reason)).toEqual(["processing_failed"]);
    expect((await toldAfter(before)).filter((text) => text.includes("没能完成"))).toHaveLength(1);
    expect(await atTuhui()).toHaveLength(1);
  });

  it("goes to a person once when what the designer delivered can never be fetched", async () => {
    const { no, before } = await dispatched();
    tuhui.knobs.loseCallbacks = 1;
    await tuhui.deliver(no, [await aPhoto(9)]);
    faults = { deliveryFetcher: { fetch: async () => ({ ok: false, refusal: "fetch-failed" }) } };
    for (let tries = 0; tries < 12; tries += 1) await poll();

    expect((await theOrder()).status).toBe("handed_off");
    expect((await toldAfter(before)).filter((text) => text.includes("没能完成"))).toHaveLength(1);
  });

  it("is looked into by a person once when the deadline passes, and is still delivered when it comes", async () => {
    const { no, before } = await dispatched();
    await shop.pass(25 * HOUR_MS);
    await shop.pass(25 * HOUR_MS);
    expect((await theOrder()).status).toBe("handed_off");
    expect((await toldAfter(before)).filter((text) => text.includes("还没交稿"))).toHaveLength(1);
    expect(await shop.handoffs(buyer)).toHaveLength(1);
    tuhui.knobs.loseCallbacks = 1;
    await tuhui.deliver(no, [await aPhoto(9)]);
    await poll();

    expect((await theOrder()).status).toBe("delivered");
    expect((await toldAfter(before)).filter((text) => text.includes("做好啦"))).toHaveLength(1);
  });
});

async function atTuhui() {
  const { id } = await theOrder();
  return tuhui.orders.filter((it) => it.request.image_task_id === id);
}

async function blank(): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const create = { width: 320, height: 240, channels: 3 as const, background: "#ffffff" };
  return await sharp({ create }).png().toBuffer();
}

function countCalls(broken: Faults): { faults: Faults; calls: () => number } {
  let calls = 0;
  const edit = (broken.imageModel as ImageModel).edit;
  return {
    calls: () => calls,
    faults: {
      imageModel: {
        edit: (...args) => {
          calls += 1;
          return edit(...args);
        },
      },
    },
  };
}

/** 天网 gives a workflow to run on this buyer. */
async function openByTask(workflow: string, words: string): Promise<void> {
  const response = await shop.request("/api/task/receive", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      task_id: `task-${buyer}`,
      type: "test",
      customer: { id: buyer },
      trigger: { type: "immediate" },
      action: { type: "start_workflow", workflow, input: { words } },
      created_by: "test",
    }),
  });
  expect(response.status).toBe(200);
  await shop.service.jobs.idle();
  await shop.pass(1_000);
}
