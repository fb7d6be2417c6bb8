import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import type { Operation } from "../../domain/pictures/plan.ts";
import { createSharpImageEngine } from "./image-engine.ts";

const engine = createSharpImageEngine();

function plain(width: number, height: number, background: string): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

/** A red square in the middle of a flat grey ground. */
async function product(ground = "#d8d8d8"): Promise<Buffer> {
  const thing = await plain(80, 80, "#cc2020").png().toBuffer();
  return await plain(200, 160, ground)
    .composite([{ input: thing, left: 60, top: 40 }])
    .png()
    .toBuffer();
}

async function grain(width = 300, height = 200): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 50 } as const;
  return await sharp({ create: { width, height, channels: 3, background: "#000", noise } })
    .jpeg()
    .toBuffer();
}

async function pixelAt(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  return [...(await sharp(bytes).ensureAlpha().extract({ left, top, width: 1, height: 1 }).raw().toBuffer())];
}

async function sizeAfter(bytes: Uint8Array, ...operations: Operation[]): Promise<[number, number]> {
  const { width, height } = await engine.apply(bytes, { operations });
  return [width, height];
}

describe("the image engine's operations", () => {
  it("crops exactly the region asked for and refuses one that reaches outside", async () => {
    const bytes = await product();

    const cropped = await engine.apply(bytes, {
      operations: [{ op: "crop", left: 60, top: 40, width: 80, height: 80 }],
    });

    expect(await pixelAt(cropped.bytes, 0, 0)).toEqual([0xcc, 0x20, 0x20, 255]);
    expect(await pixelAt(cropped.bytes, 79, 79)).toEqual([0xcc, 0x20, 0x20, 255]);
    await expect(
      engine.apply(bytes, { operations: [{ op: "crop", left: 150, top: 0, width: 80, height: 80 }] }),
    ).rejects.toMatchObject({ code: "operation-failed" });
  });

  it.each<[Operation, [number, number]]>([
    [{ op: "crop_ratio", ratio_w: 1, ratio_h: 1 }, [160, 160]],
    [{ op: "crop_ratio", ratio_w: 2, ratio_h: 1 }, [200, 100]],
    [{ op: "resize", width: 100, fit: "inside" }, [100, 80]],
    [{ op: "resize", height: 320, fit: "inside" }, [400, 320]],
    [{ op: "resize", width: 100, height: 100, fit: "inside" }, [100, 80]],
    [{ op: "resize", width: 100, height: 100, fit: "cover" }, [100, 100]],
    [{ op: "resize", width: 50, height: 90, fit: "fill" }, [50, 90]],
    [{ op: "enlarge", factor: 2.5 }, [500, 400]],
    [{ op: "rotate", degrees: 90 }, [160, 200]],
    [{ op: "rotate", degrees: -180 }, [200, 160]],
    [{ op: "flip", axis: "vertical" }, [200, 160]],
    [{ op: "trim" }, [80, 80]],
    [{ op: "denoise" }, [200, 160]],
    [{ op: "sharpen" }, [200, 160]],
    [{ op: "white_background" }, [200, 160]],
  ])("gives the size that %j asks for", async (operation, size) => {
    expect(await sizeAfter(await product(), operation)).toEqual(size);
  });

  it("turns clockwise, and by any angle on the picture's own ground", async () => {
    const bytes = await plain(40, 20, "#ffffff")
      .composite([{ input: await plain(5, 5, "#ff0000").png().toBuffer(), left: 0, top: 0 }])
      .png()
      .toBuffer();

    const quarter = await engine.apply(bytes, { operations: [{ op: "rotate", degrees: 90 }] });
    const slanted = await engine.apply(await product(), { operations: [{ op: "rotate", degrees: 10 }] });

    expect(await pixelAt(quarter.bytes, 19, 0)).toEqual([255, 0, 0, 255]);
    expect(await pixelAt(slanted.bytes, 0, 0)).toEqual([0xd8, 0xd8, 0xd8, 255]);
    expect(slanted.width).toBeGreaterThan(200);
  });

  it("mirrors left and right when flipped horizontally", async () => {
    const bytes = await plain(40, 20, "#ffffff")
      .composite([{ input: await plain(5, 5, "#ff0000").png().toBuffer(), left: 0, top: 0 }])
      .png()
      .toBuffer();

    const flipped = await engine.apply(bytes, { operations: [{ op: "flip", axis: "horizontal" }] });

    expect(await pixelAt(flipped.bytes, 39, 0)).toEqual([255, 0, 0, 255]);
  });

  it("makes a flat ground white and leaves the thing as it was", async () => {
    const done = await engine.apply(await product(), { operations: [{ op: "white_background" }] });

    expect(await pixelAt(done.bytes, 2, 2)).toEqual([255, 255, 255, 255]);
    expect(await pixelAt(done.bytes, 100, 80)).toEqual([0xcc, 0x20, 0x20, 255]);
    expect((await sharp(done.bytes).metadata()).hasAlpha).toBe(false);
  });

  it("makes a flat ground see-through, feathers a soft edge, and leaves no rim of the old colour", async () => {
    const soft = await sharp(await product("#00ff00"))
      .blur(1.5)
      .png()
      .toBuffer();

    const done = await engine.apply(soft, { operations: [{ op: "transparent_background" }] });

    const edge = await Promise.all(
      Array.from({ length: 12 }, (_, step) => pixelAt(done.bytes, 54 + step, 80)),
    );
    const seen = edge.filter(([, , , alpha = 0]) => alpha > 0);
    expect((await pixelAt(done.bytes, 2, 2))[3]).toBe(0);
    expect((await pixelAt(done.bytes, 100, 80))[3]).toBe(255);
    expect(seen.some(([, , , alpha = 255]) => alpha < 255)).toBe(true);
    // Green in proportion to its alpha: what would show on another ground.
    expect(Math.max(...seen.map(([, green = 0, , alpha = 0]) => (alpha < 255 ? green : 0)))).toBeLessThan(
      130,
    );
  });

  it("keeps a patch of the ground's colour that the thing encloses", async () => {
    const hole = await plain(20, 20, "#d8d8d8").png().toBuffer();
    const bytes = await sharp(await product())
      .composite([{ input: hole, left: 90, top: 70 }])
      .png()
      .toBuffer();

    const done = await engine.apply(bytes, { operations: [{ op: "transparent_background" }] });

    expect((await pixelAt(done.bytes, 100, 80))[3]).toBe(255);
  });

  it.each(["white_background", "transparent_background"] as const)(
    "refuses %s when the ground is busy",
    async (op) => {
      await expect(engine.apply(await grain(), { operations: [{ op }] })).rejects.toMatchObject({
        code: "operation-failed",
      });
    },
  );

  it("refuses to cut out a picture that is nothing but ground", async () => {
    const bytes = await plain(50, 50, "#eeeeee").png().toBuffer();

    await expect(
      engine.apply(bytes, { operations: [{ op: "transparent_background" }] }),
    ).rejects.toMatchObject({
      code: "operation-failed",
    });
  });

  it("turns red to blue by hue, to grey, and to another brightness", async () => {
    const bytes = await plain(20, 20, "#cc2020").png().toBuffer();
    const recoloured = async (recolor: Omit<Extract<Operation, { op: "recolor" }>, "op">) =>
      await pixelAt((await engine.apply(bytes, { operations: [{ op: "recolor", ...recolor }] })).bytes, 5, 5);

    const [red = 0, , blue = 0] = await recoloured({ hue_degrees: 240 });
    const grey = await recoloured({ grayscale: true });
    const [dark = 255] = await recoloured({ brightness: 0.5 });
    const [tintRed = 0, , tintBlue = 0] = await recoloured({ tint: "#0000ff" });

    expect(blue).toBeGreaterThan(red);
    expect(new Set(grey.slice(0, 3)).size).toBe(1);
    expect(dark).toBeLessThan(0xcc);
    expect(tintBlue).toBeGreaterThan(tintRed);
  });

  it.each(["jpeg", "png", "webp", "tiff"] as const)(
    "writes %s with the resolution asked for",
    async (format) => {
      const done = await engine.apply(await product(), {
        operations: [
          { op: "format", format },
          { op: "dpi", dpi: 300 },
        ],
      });

      const metadata = await sharp(done.bytes).metadata();
      expect(done.format).toBe(format);
      expect(metadata.format).toBe(format);
      if (format !== "webp") expect(metadata.density).toBe(300);
    },
  );

  it("keeps the resolution and the format that the original has", async () => {
    const bytes = await sharp(await product())
      .withMetadata({ density: 240 })
      .jpeg()
      .toBuffer();

    const done = await engine.apply(bytes, { operations: [{ op: "sharpen" }] });

    expect(await sharp(done.bytes).metadata()).toMatchObject({ format: "jpeg", density: 240 });
  });

  it("writes PNG and says so when a JPEG got transparency", async () => {
    const bytes = await sharp(await product())
      .jpeg({ quality: 95 })
      .toBuffer();

    const done = await engine.apply(bytes, { operations: [{ op: "transparent_background" }] });

    expect(done).toMatchObject({ format: "png", notes: ["format-png-for-transparency"] });
  });

  it("does operations in the order given", async () => {
    const crop: Operation = { op: "crop", left: 0, top: 0, width: 100, height: 100 };
    const half: Operation = { op: "resize", width: 100, fit: "inside" };

    expect(await sizeAfter(await product(), crop, half)).toEqual([100, 100]);
    await expect(sizeAfter(await product(), half, crop)).rejects.toMatchObject({ code: "operation-failed" });
  });

  it.each<[string, Operation]>([
    ["a colour that is none", { op: "flatten", background: "no such colour" }],
    ["a resize without a size", { op: "resize", fit: "inside" }],
    ["a result beyond the limit", { op: "resize", width: 20_000, height: 20_000, fit: "fill" }],
  ])("throws operation-failed when given %s", async (_, operation) => {
    await expect(engine.apply(await product(), { operations: [operation] })).rejects.toMatchObject({
      code: "operation-failed",
    });
  });

  it("throws operation-failed when the bytes are no picture, and never gives part of one", async () => {
    await expect(engine.apply(Buffer.from("no"), { operations: [] })).rejects.toMatchObject({
      code: "operation-failed",
    });
    const whole = await grain();
    await expect(
      engine.apply(whole.subarray(0, whole.length >> 1), { operations: [] }),
    ).rejects.toMatchObject({
      code: "operation-failed",
    });
  });

  it("throws operation-timeout when the time is up", async () => {
    const operations: Operation[] = [{ op: "enlarge", factor: 4 }, { op: "denoise" }];

    await expect(engine.apply(await grain(800, 600), { operations, timeoutMs: 5 })).rejects.toMatchObject({
      code: "operation-timeout",
    });
  });
});

describe("the image engine's preview", () => {
  it("is at most 800 px, keeps the shape, and is marked all over", async () => {
    const bytes = await plain(1600, 1200, "#808080").png().toBuffer();

    const preview = await engine.preview(bytes, "预览 <Preview> & more");

    expect(await sharp(preview).metadata()).toMatchObject({ format: "jpeg", width: 800, height: 600 });
    for (const [left, top] of [
      [0, 0],
      [400, 0],
      [0, 300],
      [400, 300],
    ] as const) {
      const quarter = await sharp(preview).extract({ left, top, width: 400, height: 300 }).toBuffer();
      const [channel] = (await sharp(quarter).stats()).channels;
      expect(channel?.max).toBeGreaterThan(150);
      expect(channel?.min).toBeLessThan(110);
    }
  });

  it("is not made larger than a small original", async () => {
    const preview = await engine.preview(await plain(120, 90, "#ffffff").png().toBuffer(), "preview");

    expect(await sharp(preview).metadata()).toMatchObject({ width: 120, height: 90 });
  });
});

describe("the image engine's check", () => {
  it.each<[string, Operation[]]>([
    [
      "crop and resize",
      [
        { op: "crop_ratio", ratio_w: 1, ratio_h: 1 },
        { op: "resize", width: 100, fit: "inside" },
      ],
    ],
    ["enlarge", [{ op: "enlarge", factor: 3 }]],
    ["rotate", [{ op: "rotate", degrees: 7 }]],
    ["trim", [{ op: "trim" }]],
    ["denoise", [{ op: "denoise" }]],
    ["sharpen", [{ op: "sharpen" }]],
    ["format", [{ op: "format", format: "jpeg" }]],
    ["white background", [{ op: "white_background" }]],
    ["recolour", [{ op: "recolor", hue_degrees: 120 }]],
  ])("finds nothing wrong with the engine's own %s", async (_, operations) => {
    const stripe = await plain(80, 10, "#ffffff").png().toBuffer();
    const bytes = await sharp(await product())
      .composite([{ input: stripe, left: 60, top: 70 }])
      .png()
      .toBuffer();

    expect(await engine.check(bytes, await engine.apply(bytes, { operations }), { operations })).toEqual([]);
  });

  it("finds nothing wrong with a grainy photo made smaller and larger", async () => {
    const bytes = await grain();
    for (const operation of [
      { op: "resize", width: 150, fit: "inside" },
      { op: "enlarge", factor: 2 },
    ] as Operation[]) {
      const job = { operations: [operation] };
      expect(await engine.check(bytes, await engine.apply(bytes, job), job), operation.op).toEqual([]);
    }
  });

  it("finds each fault that is put in", async () => {
    const bytes = await grain();
    const job = { operations: [{ op: "resize", width: 150, fit: "inside" } satisfies Operation] };
    const good = await engine.apply(bytes, job);
    const blurred = await sharp(good.bytes).blur(3).jpeg().toBuffer();
    const blank = await plain(150, 100, "#ffffff").jpeg().toBuffer();
    const small = await sharp(good.bytes).resize(75).jpeg().toBuffer();

    expect(await engine.check(bytes, { ...good, bytes: good.bytes.subarray(0, 40) }, job)).toEqual([
      "does-not-open",
    ]);
    expect(await engine.check(bytes, { ...good, bytes: blurred }, job)).toEqual(["less-sharp"]);
    expect(await engine.check(bytes, { ...good, bytes: blank }, job)).toEqual(["blank"]);
    expect(await engine.check(bytes, { ...good, bytes: small, width: 75, height: 50 }, job)).toEqual([
      "size-not-as-asked",
    ]);
    expect(await engine.check(bytes, { ...good, format: "png" }, job)).toEqual(["format-not-as-stated"]);
  });
});
