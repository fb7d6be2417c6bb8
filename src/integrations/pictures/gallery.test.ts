import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { fingerprintPicture } from "./fingerprint.ts";
import { createGallery, type EditableGallery, type GalleryItem } from "./gallery.ts";

const PICTURES = 36;
const ASKED = [0, 4, 8, 12, 17, 22, 27, 32];
const originals: Buffer[] = [];
const items: GalleryItem[] = [];
let gallery: EditableGallery;

/** Repeatable numbers in 0-1. */
function numbersFrom(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** Twelve patches of colour. A series shares all of them and has one more patch that is its own. */
async function draw(seed: number, ownSeed?: number): Promise<Buffer> {
  const next = numbersFrom(seed);
  const patches = [];
  for (let at = 0; at < 12; at += 1) patches.push(await patch(next, 50, 150));
  if (ownSeed !== undefined) patches.push(await patch(numbersFrom(ownSeed), 70, 80));
  const background = colour(next);
  return await sharp({ create: { width: 400, height: 300, channels: 3, background } })
    .composite(patches)
    .jpeg({ quality: 92 })
    .toBuffer();
}

async function patch(next: () => number, least: number, most: number) {
  const width = Math.round(least + next() * (most - least));
  const height = Math.round(least + next() * (most - least));
  const left = Math.round(next() * (400 - width));
  const top = Math.round(next() * (300 - height));
  const input = await sharp({ create: { width, height, channels: 3, background: colour(next) } })
    .png()
    .toBuffer();
  return { input, left, top };
}

async function withMark(background: string): Promise<Buffer> {
  const input = await sharp({ create: { width: 28, height: 28, channels: 3, background } })
    .png()
    .toBuffer();
  return await sharp(await draw(77))
    .composite([{ input, left: 180, top: 130 }])
    .png()
    .toBuffer();
}

function colour(next: () => number) {
  return { r: Math.round(next() * 255), g: Math.round(next() * 255), b: Math.round(next() * 255) };
}

async function itemOf(bytes: Buffer, id: string, words: Partial<GalleryItem> = {}): Promise<GalleryItem> {
  return {
    id,
    title: id,
    tags: [],
    description: "",
    file: `file-${id}`,
    fingerprint: await fingerprintPicture(bytes),
    ...words,
  };
}

beforeAll(async () => {
  for (let at = 0; at < PICTURES; at += 1) {
    // The first twelve are four series of three.
    const bytes = at < 12 ? await draw(1_000 + Math.floor(at / 3), 50 + at) : await draw(at);
    originals.push(bytes);
    items.push(await itemOf(bytes, `p${at}`));
  }
  gallery = createGallery({ items });
}, 60_000);

const DISTORTIONS: [string, (bytes: Buffer) => Promise<Buffer>][] = [
  ["made smaller", (bytes) => sharp(bytes).resize(140).jpeg().toBuffer()],
  ["badly compressed", (bytes) => sharp(bytes).jpeg({ quality: 15 }).toBuffer()],
  ["recoloured", (bytes) => sharp(bytes).modulate({ hue: 120 }).jpeg().toBuffer()],
  ["made grey", (bytes) => sharp(bytes).greyscale().jpeg().toBuffer()],
  [
    "given a border",
    (bytes) =>
      sharp(bytes).extend({ top: 40, bottom: 40, left: 40, right: 40, background: "#fff" }).jpeg().toBuffer(),
  ],
  ["mirrored", (bytes) => sharp(bytes).flop().jpeg().toBuffer()],
  ["turned by 90°", (bytes) => sharp(bytes).rotate(90).jpeg().toBuffer()],
  ["turned by 6°", (bytes) => sharp(bytes).rotate(6, { background: "#fff" }).jpeg().toBuffer()],
  [
    "cropped by 15 %",
    (bytes) => sharp(bytes).extract({ left: 45, top: 10, width: 340, height: 255 }).jpeg().toBuffer(),
  ],
  [
    "cropped by 35 %",
    (bytes) => sharp(bytes).extract({ left: 100, top: 20, width: 260, height: 195 }).jpeg().toBuffer(),
  ],
];

describe("the gallery, searched by picture", () => {
  it.each(DISTORTIONS)("finds a picture, one of a series or not, when %s", async (_, distort) => {
    let found = 0;
    for (const at of ASKED) {
      const [best] = await gallery.searchByPicture(await distort(originals[at] ?? Buffer.alloc(0)), 3);
      if (best?.item_id === `p${at}`) found += 1;
    }

    // One may be lost: a crop can take away just what sets a picture of a series apart.
    expect(found).toBeGreaterThanOrEqual(ASKED.length - 1);
  });

  it("says same of a resized copy, and never of another picture of its series", async () => {
    for (const [at, bytes] of originals.slice(0, 6).entries()) {
      const matches = await gallery.searchByPicture(
        await sharp(bytes).resize(320).jpeg({ quality: 85 }).toBuffer(),
        6,
      );
      const same = matches.filter((it) => it.band === "same").map((it) => it.item_id);
      expect(same).toEqual([`p${at}`]);
    }
  });

  it("never says same of a picture that differs in nothing but the colour of one mark", async () => {
    // Both marks are equally bright: in grey the two pictures are one.
    const green = await withMark("#4a9a2a");
    const purple = await withMark("#9e50cb");
    const others = createGallery({ items: [await itemOf(green, "green")] });

    const [itself] = await others.searchByPicture(green, 1);
    const [other] = await others.searchByPicture(purple, 1);

    expect(itself).toMatchObject({ item_id: "green", band: "same" });
    expect(other).toMatchObject({ item_id: "green", band: "similar" });
  });

  it("leaves out what is removed while it searches", async () => {
    const changing = createGallery({ items: items.slice(0, 15) });
    const searching = changing.searchByPicture(originals[3] ?? Buffer.alloc(0), 15);
    changing.remove("p3");

    const found = (await searching).map((it) => it.item_id);

    expect(found).toHaveLength(14);
    expect(found).not.toContain("p3");
  });

  it("calls the rest of the series similar when the picture itself is not there", async () => {
    const others = createGallery({ items: items.filter((item) => item.id !== "p0") });

    const matches = await others.searchByPicture(originals[0] ?? Buffer.alloc(0), 2);

    expect(matches.map((it) => it.item_id).sort()).toEqual(["p1", "p2"]);
    expect(matches.map((it) => it.band)).toEqual(["similar", "similar"]);
  });

  it("says none of what it finds for a picture that is not there", async () => {
    for (let seed = 500; seed < 505; seed += 1) {
      const matches = await gallery.searchByPicture(await draw(seed), 3);
      expect(matches.map((it) => it.band)).toEqual(["none", "none", "none"]);
    }
  });

  it("gives at most as many as asked, best first, with scores in 0-1", async () => {
    const matches = await gallery.searchByPicture(originals[20] ?? Buffer.alloc(0), 5);
    const scores = matches.map((it) => it.score);

    expect(matches).toHaveLength(5);
    expect(matches[0]).toMatchObject({ item_id: "p20", title: "p20", file: "file-p20", band: "same" });
    expect(scores).toEqual(scores.toSorted((one, other) => other - one));
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
  });

  it("finds what was added and no longer finds what was removed", async () => {
    const changing = createGallery({ items: items.slice(0, 15) });
    changing.remove("p3");
    changing.remove("never-there");
    const added = items[30];
    if (added !== undefined) changing.add(added);

    const gone = await changing.searchByPicture(originals[3] ?? Buffer.alloc(0), 15);
    const [found] = await changing.searchByPicture(originals[30] ?? Buffer.alloc(0), 1);
    // The last one took the place of the removed one.
    const [moved] = await changing.searchByPicture(originals[14] ?? Buffer.alloc(0), 1);

    expect(changing.size()).toBe(15);
    expect(gone.map((it) => it.item_id)).not.toContain("p3");
    expect([found?.item_id, moved?.item_id]).toEqual(["p30", "p14"]);
  });

  it("finds nothing in an empty gallery", async () => {
    expect(await createGallery({ items: [] }).searchByPicture(originals[0] ?? Buffer.alloc(0), 3)).toEqual(
      [],
    );
  });
});

describe("the gallery, searched by words", () => {
  const shop = () => {
    const fingerprint = items[0]?.fingerprint;
    if (fingerprint === undefined) throw new Error("no fingerprint");
    const common = { file: "f", fingerprint };
    return createGallery({
      items: [
        {
          ...common,
          id: "cat",
          title: "橘猫立绘",
          tags: ["猫", "古风"],
          description: "坐在屋顶上看月亮的橘猫",
        },
        {
          ...common,
          id: "girl",
          title: "古风少女",
          tags: ["人物", "汉服"],
          description: "穿汉服的女孩，背景是樱花",
        },
        {
          ...common,
          id: "poster",
          title: "Summer Sale 海报",
          tags: ["促销"],
          description: "夏季促销 banner 1080P，有樱花",
        },
      ],
    });
  };

  it.each([
    ["立绘", ["cat"]],
    ["樱花", ["girl", "poster"]],
    ["月亮", ["cat"]],
    ["我要找橘猫的图", ["cat"]],
    ["ｓｕｍｍｅｒ sale", ["poster"]],
    ["汉服少女", ["girl"]],
  ])("finds %s", async (words, ids) => {
    const found = await shop().searchByWords(words, 5);

    expect(found.map((it) => it.item_id).sort()).toEqual(ids);
  });

  it.each(["", "的", "！？", "潜水艇"])("finds nothing for %j", async (words) => {
    expect(await shop().searchByWords(words, 5)).toEqual([]);
  });

  it("puts a title above a description, never says same, and keeps to the number asked for", async () => {
    const changing = shop();
    const [girl] = await changing.searchByWords("古风 汉服", 1);
    const sakura = await changing.searchByWords("促销 樱花", 5);

    expect(girl).toMatchObject({ item_id: "girl", band: "similar" });
    expect(sakura[0]?.item_id).toBe("poster");
    expect(sakura.map((it) => it.band)).not.toContain("same");
  });

  it("forgets the words of a replaced item", async () => {
    const changing = shop();
    const cat = items[1];
    if (cat !== undefined) changing.add({ ...cat, id: "cat", title: "黑狗" });

    expect(await changing.searchByWords("橘猫", 5)).toEqual([]);
    expect((await changing.searchByWords("黑狗", 5)).map((it) => it.item_id)).toEqual(["cat"]);
    expect(changing.size()).toBe(3);
  });
});
