import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPhoto } from "../../../sandbox/pictures.ts";
import { PRIVATE_ADDRESSES, type SearchMood, startSearxng } from "../../../sandbox/searxng.ts";
import type { Log } from "../../domain/log.ts";
import { createPictureFetcher } from "../pictures/guarded-fetcher.ts";
import { createSearxngImageSearch } from "./image-search.ts";

const WORDS = "海滩日落";

let searxng: Awaited<ReturnType<typeof startSearxng>>;
let photo: Uint8Array;
let logged: { event: string; fields: Record<string, unknown> | undefined }[] = [];

const log: Log = {
  debug() {},
  info() {},
  warn: (event, fields) => void logged.push({ event, fields }),
  error: (event, fields) => void logged.push({ event, fields }),
};

beforeAll(async () => {
  photo = await aPhoto(5);
  searxng = await startSearxng({
    pictures: [
      { title: "海滩上的椰子树", bytes: await aPhoto(1) },
      { title: "海滩日落 高清", bytes: photo },
      { title: "雪山", bytes: await aPhoto(3) },
    ],
  });
});
afterAll(async () => {
  await searxng.close();
});
beforeEach(() => {
  searxng.knobs.mood = "well";
  searxng.requests.length = 0;
  logged = [];
});

const searchAt = (url: string, timeoutMs = 4_000) => createSearxngImageSearch({ url, timeoutMs, log });
const search = (words: string, limit = 10) => searchAt(searxng.url).search(words, limit);

/** Answers as one result each. */
const answering = (results: unknown[]) =>
  createSearxngImageSearch({
    url: "http://searxng.test",
    fetch: async () => Response.json({ results }),
    log,
  });

describe("the search for pictures on the web", () => {
  it("finds pictures by words, best first, with where they lie and where they are shown", async () => {
    const found = await search(WORDS);

    expect(found).toEqual([
      {
        title: "海滩日落 高清",
        imageUrl: `${searxng.url}/pictures/1.png`,
        pageUrl: `${searxng.url}/pages/1`,
      },
      {
        title: "海滩上的椰子树",
        imageUrl: `${searxng.url}/pictures/0.png`,
        pageUrl: `${searxng.url}/pages/0`,
      },
    ]);
    expect(logged).toEqual([]);
  });

  it("finds pictures that the guarded fetcher can fetch when their host is allowed", async () => {
    const [first] = await search(WORDS);
    const fetcher = createPictureFetcher({ allowHosts: [new URL(searxng.url).host], log });

    expect(await fetcher.fetch(first?.imageUrl ?? "")).toEqual({ ok: true, value: Buffer.from(photo) });
  });

  it("asks for images as JSON, in Chinese, without what is not for everyone", async () => {
    await search(" 海滩\n\t日落 & a=b ");

    expect(searxng.requests.map(({ query }) => query)).toEqual([
      { q: "海滩 日落 & a=b", categories: "images", format: "json", language: "zh-CN", safesearch: "2" },
    ]);
  });

  it("asks below the path of an address that has one", async () => {
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async (input) => {
      asked.push(String(input));
      return Response.json({ results: [] });
    };

    await createSearxngImageSearch({ url: "https://search.test/sx", fetch, log }).search("a", 1);
    await createSearxngImageSearch({ url: "https://search.test/sx/", fetch, log }).search("a", 1);

    expect(asked.map((url) => url.split("?")[0])).toEqual(Array(2).fill("https://search.test/sx/search"));
  });

  it.each([
    ["!!g 海滩", "g 海滩"],
    ["!google_images 海滩", "google_images 海滩"],
    ["海滩 :en <1", "海滩 en 1"],
    ["!!", null],
    ["海滩\u001f!bing", "海滩 bing"],
    ["好看!的 海滩", "好看!的 海滩"],
  ])("does not let a buyer's %j command the search", async (words, sent) => {
    await search(words);

    expect(searxng.requests.map(({ query }) => query.q)).toEqual(sent === null ? [] : [sent]);
  });

  it("returns at most as many as asked for, and asks nobody for none or without words", async () => {
    expect(await search(WORDS, 1)).toHaveLength(1);
    expect(searxng.requests).toHaveLength(1);

    expect(await search(WORDS, 0)).toEqual([]);
    expect(await search("  \n ")).toEqual([]);
    expect(searxng.requests).toHaveLength(1);
  });

  it("drops hostile addresses, broken results and doubles, and keeps the order of the others", async () => {
    searxng.knobs.mood = "hostile";

    const found = await search(WORDS, 100);

    expect(found.map(({ imageUrl }) => imageUrl)).toEqual([
      "http://127.0.0.1/a.png",
      "http://169.254.169.254/latest/meta-data",
      "http://[::1]/a.png",
      "https://localhost/a.png",
      `${searxng.url}/pictures/1.png`,
      `${searxng.url}/pictures/0.png`,
    ]);
    expect(found.map(({ pageUrl }) => pageUrl)).toEqual([
      ...PRIVATE_ADDRESSES.map(() => ""),
      `${searxng.url}/pages/1`,
      `${searxng.url}/pages/0`,
    ]);
  });

  it("leaves private addresses to the guarded fetcher, which refuses every one", async () => {
    searxng.knobs.mood = "hostile";
    const fetcher = createPictureFetcher({ allowHosts: [], log });

    const found = await search(WORDS, PRIVATE_ADDRESSES.length);

    expect(await Promise.all(found.map(({ imageUrl }) => fetcher.fetch(imageUrl)))).toEqual(
      PRIVATE_ADDRESSES.map(() => ({ ok: false, refusal: "address-not-allowed" })),
    );
  });

  it.each([
    ["//img.test/a.png", "https://img.test/a.png"],
    ["HTTP://IMG.test/图.png#top", "http://img.test/%E5%9B%BE.png"],
    [`https://img.test/${"a".repeat(3_000)}`, "https://thumb.test/t.png"],
    ["", "https://thumb.test/t.png"],
    [null, "https://thumb.test/t.png"],
    [42, "https://thumb.test/t.png"],
  ])("reads %j as an image's address, or takes the thumbnail", async (img_src, imageUrl) => {
    const found = await answering([{ img_src, thumbnail_src: "//thumb.test/t.png" }]).search("a", 5);

    expect(found).toEqual([{ title: "", imageUrl, pageUrl: "" }]);
  });

  it("keeps the first of several results that show one picture", async () => {
    const results = ["a.png", "b.png", "a.png#again"].map((file, at) => ({
      img_src: `https://img.test/${file}`,
      title: `${at}`,
    }));

    const found = await answering(results).search("a", 5);

    expect(found.map(({ title }) => title)).toEqual(["0", "1"]);
  });

  it("shortens a title and takes line breaks out of it, without cutting a character in two", async () => {
    const title = `第一行\n第二行\u0000 ${"😀".repeat(300)}`;

    const [found] = await answering([{ img_src: "https://img.test/a.png", title }]).search("a", 5);

    expect(found?.title).toBe(`第一行 第二行 ${"😀".repeat(192)}`);
  });
});

describe("a search that fails", () => {
  it.each<[SearchMood, string]>([
    ["json-off", "answered 403"],
    ["rate-limited", "answered 429"],
    ["html", "not the JSON of a search"],
    ["cut-short", "not the JSON of a search"],
    ["other-json", "not the JSON of a search"],
    ["too-long", "more than may be read"],
  ])("finds none and logs why when it is %s", async (mood, reason) => {
    searxng.knobs.mood = mood;

    expect(await search(WORDS)).toEqual([]);

    expect(logged).toEqual([{ event: "web-search.failed", fields: { reason } }]);
    expect(searxng.requests).toHaveLength(1);
  });

  it("finds none when no answer comes in time", async () => {
    searxng.knobs.mood = "slow";

    const startedAt = performance.now();

    expect(await searchAt(searxng.url, 100).search(WORDS, 5)).toEqual([]);

    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(logged).toEqual([{ event: "web-search.failed", fields: { reason: "TimeoutError" } }]);
  });

  it("finds none when the answer stops in the middle and never ends", async () => {
    const fetch: typeof globalThis.fetch = async (_, options) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(Buffer.from('{"results":['));
          options?.signal?.addEventListener("abort", () => controller.error(options.signal?.reason));
        },
      });
      return new Response(body);
    };

    const found = await createSearxngImageSearch({ url: "http://s.test", fetch, timeoutMs: 50, log }).search(
      WORDS,
      5,
    );

    expect(found).toEqual([]);
    expect(logged).toEqual([{ event: "web-search.failed", fields: { reason: "TimeoutError" } }]);
  });

  it("finds none and says so when nobody listens", async () => {
    const gone = await startSearxng({ pictures: [] });
    await gone.close();

    expect(await searchAt(gone.url).search(WORDS, 5)).toEqual([]);

    expect(logged).toEqual([{ event: "web-search.failed", fields: { reason: "ECONNREFUSED" } }]);
  });

  it("follows no redirect", async () => {
    searxng.knobs.mood = "redirect";

    expect(await search(WORDS)).toEqual([]);

    expect(logged).toMatchObject([{ event: "web-search.failed" }]);
    expect(searxng.requests).toHaveLength(1);
  });

  it("logs when nothing was found because its engines are shut out, and nothing when there is nothing", async () => {
    searxng.knobs.mood = "engines-blocked";
    expect(await search(WORDS)).toEqual([]);
    expect(logged).toEqual([{ event: "web-search.engines-silent", fields: { engines: 1 } }]);

    searxng.knobs.mood = "no-results";
    expect(await search(WORDS)).toEqual([]);
    expect(logged).toHaveLength(1);
  });

  it("never logs the words", async () => {
    const failing: typeof globalThis.fetch = async (input) => {
      throw new TypeError(`cannot reach ${String(input)}`);
    };

    await createSearxngImageSearch({ url: "http://s.test", fetch: failing, log }).search("secret", 5);

    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain("secret");
  });
});
