import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { createPictureInspector } from "./inspector.ts";

const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "avif"] as const;
const inspector = createPictureInspector();

function grain(width = 400, height = 300, sigma = 40): Sharp {
  return sharp({
    create: { width, height, channels: 3, background: "#000", noise: { type: "gaussian", mean: 128, sigma } },
  });
}

function plain(width: number, height: number, background: string): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

async function inspectGood(bytes: Uint8Array) {
  const inspected = await inspector.inspect(bytes);
  if (!inspected.ok) throw new Error(`refused: ${inspected.refusal}`);
  return inspected.value;
}

async function cornerOf(bytes: Uint8Array): Promise<number[]> {
  const { data } = await sharp(bytes)
    .extract({ left: 2, top: 2, width: 1, height: 1 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [...data.subarray(0, 3)];
}

/** Left half red, right half blue, so that turning and mirroring show. */
async function twoSided(): Promise<Buffer> {
  const blue = await plain(60, 80, "#0000ff").png().toBuffer();
  return await plain(120, 80, "#ff0000")
    .composite([{ input: blue, left: 60, top: 0 }])
    .png()
    .toBuffer();
}

describe("the picture inspector", () => {
  it.each(FORMATS)("takes a %s and gives back a clean copy that opens at the same size", async (format) => {
    const inspected = await inspectGood(await grain().toFormat(format).toBuffer());

    const reopened = await sharp(inspected.clean).metadata();

    expect(inspected.facts).toMatchObject({ width: 400, height: 300, format, has_alpha: false });
    expect(reopened).toMatchObject({ width: 400, height: 300, format: inspected.cleanFormat });
  });

  it.each(FORMATS)("refuses a %s cut short anywhere", async (format) => {
    const bytes = await grain().toFormat(format).toBuffer();

    for (const share of [0.2, 0.6, 0.97]) {
      const inspected = await inspector.inspect(bytes.subarray(0, Math.floor(bytes.length * share)));
      expect(inspected.ok, `${share}`).toBe(false);
    }
  });

  it.each(["jpeg", "png", "gif", "webp"] as const)(
    "says truncated when the last two bytes of a %s are missing",
    async (format) => {
      const bytes = await grain().toFormat(format).toBuffer();

      expect(await inspector.inspect(bytes.subarray(0, -2))).toEqual({ ok: false, refusal: "truncated" });
    },
  );

  it.each([
    ["a bitmap", Buffer.from("BM\x36\0\0\0\0\0", "latin1")],
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    [
      "an SVG behind an XML head",
      Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
    ["a PDF", Buffer.from("%PDF-1.7\n")],
    ["a HEIC", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1")],
    ["plain text", Buffer.from("hello")],
    ["nothing", Buffer.alloc(0)],
  ])("refuses %s with unsupported-format", async (_, bytes) => {
    expect(await inspector.inspect(bytes)).toEqual({ ok: false, refusal: "unsupported-format" });
  });

  it.each([
    ["a page", Buffer.from("<html><script>alert(1)</script></html>")],
    ["a program", Buffer.from("<?php system($_GET['c']); ?>")],
    ["an archive", Buffer.concat([Buffer.from("PK\x05\x06", "latin1"), Buffer.alloc(18)])],
  ])("refuses a picture with %s behind it", async (_, tail) => {
    for (const format of ["jpeg", "png", "gif", "webp"] as const) {
      const bytes = Buffer.concat([await grain().toFormat(format).toBuffer(), tail]);
      expect(await inspector.inspect(bytes), format).toEqual({ ok: false, refusal: "unsupported-format" });
    }
  });

  it("refuses a picture whose head is also a PDF", async () => {
    const jpeg = await grain().jpeg().toBuffer();
    const comment = Buffer.from("\xff\xfe\x00\x10%PDF-1.7 hidden", "latin1");
    const bytes = Buffer.concat([jpeg.subarray(0, 2), comment.subarray(0, 18), jpeg.subarray(2)]);

    expect(await inspector.inspect(bytes)).toEqual({ ok: false, refusal: "unsupported-format" });
  });

  it("takes a photo with a second picture behind it, as phones write them, and drops the second", async () => {
    const photo = await grain().jpeg().toBuffer();
    const second = await plain(20, 20, "#123456").jpeg().toBuffer();

    const inspected = await inspectGood(Buffer.concat([photo, second]));

    expect(Buffer.from(inspected.clean).includes(second)).toBe(false);
  });

  it("refuses a picture of 256 million pixels at once and in little memory", async () => {
    const bomb = await sharp({
      create: { width: 16_000, height: 16_000, channels: 3, background: "#fff" },
      limitInputPixels: false,
    })
      .png()
      .toBuffer();
    const before = process.memoryUsage().rss;

    const inspected = await inspector.inspect(bomb);

    expect(inspected).toEqual({ ok: false, refusal: "too-many-pixels" });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  }, 60_000);

  it("refuses more than 20 MiB", async () => {
    expect(await inspector.inspect(new Uint8Array(20 * 1024 * 1024 + 1))).toEqual({
      ok: false,
      refusal: "too-many-bytes",
    });
  });

  it("refuses a picture whose data is broken though its form is whole", async () => {
    const bytes = await grain().png().toBuffer();
    bytes.fill(0, 2_000, 6_000);

    expect((await inspector.inspect(bytes)).ok).toBe(false);
  });

  it("says truncated when the data of a JPEG stops early though its form is whole", async () => {
    const jpeg = await grain().jpeg().toBuffer();
    const mended = Buffer.concat([jpeg.subarray(0, Math.floor(jpeg.length * 0.6)), jpeg.subarray(-2)]);
    const tooHigh = Buffer.from(jpeg);
    tooHigh.writeUInt16BE(60_000, tooHigh.indexOf(Buffer.from([0xff, 0xc0])) + 5);

    expect(await inspector.inspect(mended)).toEqual({ ok: false, refusal: "truncated" });
    expect(await inspector.inspect(tooHigh)).toEqual({ ok: false, refusal: "truncated" });
  });

  it("takes a JPEG with stray bytes between its parts, which decoders only warn about", async () => {
    const jpeg = await grain().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const odd = Buffer.concat([jpeg.subarray(0, frame), Buffer.alloc(8, 0x55), jpeg.subarray(frame)]);
    await expect(sharp(odd, { failOn: "warning" }).raw().toBuffer()).rejects.toThrow(/extraneous/);

    expect((await inspectGood(odd)).facts).toMatchObject({ width: 400, height: 300 });
  });

  it("takes a JPEG of 49 million pixels without holding it whole", async () => {
    const large = await plain(7_000, 7_000, "#b04a3c").jpeg().toBuffer();
    const peak = peakMemory();

    await inspectGood(large);

    expect(peak()).toBeLessThan(150);
  }, 60_000);

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("stands upright when EXIF orientation is %i", async (orientation) => {
    const upright = await twoSided();
    const stored = await storedAs(upright, orientation);
    const bytes = await sharp(stored).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();

    const { facts, clean } = await inspectGood(bytes);

    expect(facts).toMatchObject({ width: 120, height: 80 });
    const [red, , blue] = await cornerOf(clean);
    expect(red).toBeGreaterThan(200);
    expect(blue).toBeLessThan(60);
  });

  it("leaves no place, camera or profile in the clean copy", async () => {
    const bytes = await grain()
      .withExif({
        IFD0: { Make: "SecretCamera" },
        IFD3: { GPSLatitude: "31/1 14/1 0/1", GPSLatitudeRef: "N" },
      })
      .jpeg()
      .toBuffer();
    expect(bytes.includes("SecretCamera")).toBe(true);

    const { clean } = await inspectGood(bytes);

    const metadata = await sharp(clean).metadata();
    expect(Buffer.from(clean).includes("SecretCamera")).toBe(false);
    expect([metadata.exif, metadata.icc, metadata.xmp, metadata.iptc]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("turns CMYK into sRGB", async () => {
    const bytes = await plain(80, 80, "#ff0000").toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe("cmyk");

    const { clean } = await inspectGood(bytes);

    expect((await sharp(clean).metadata()).space).toBe("srgb");
    const [red = 0, green = 255] = await cornerOf(clean);
    expect(red - green).toBeGreaterThan(120);
  });

  it.each(["gif", "webp"] as const)("takes the first frame of an animated %s", async (format) => {
    const frames = await Promise.all(
      ["#ff0000", "#0000ff"].map((colour) => plain(40, 30, colour).png().toBuffer()),
    );
    const bytes = await sharp(frames, { join: { animated: true } })
      .toFormat(format)
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);

    const { facts, clean } = await inspectGood(bytes);

    expect(facts).toMatchObject({ width: 40, height: 30 });
    expect((await sharp(clean).metadata()).pages).toBeUndefined();
    expect((await cornerOf(clean))[0]).toBeGreaterThan(200);
  });

  it("measures a blurred picture as less sharp and a grainy one as noisier", async () => {
    const crisp = await inspectGood(await twoSided());
    const soft = await inspectGood(
      await sharp(await twoSided())
        .blur(6)
        .png()
        .toBuffer(),
    );
    const grainy = await inspectGood(await grain().png().toBuffer());

    expect(soft.facts.sharpness).toBeLessThan(crisp.facts.sharpness / 4);
    expect(crisp.facts.noise).toBe(0);
    expect(grainy.facts.noise).toBeGreaterThan(15);
  });

  it("names the colours, largest first, and tells a flat background from a busy one", async () => {
    const thing = await plain(60, 60, "#cc2020").png().toBuffer();
    const product = await plain(200, 200, "#f0f0f0")
      .composite([{ input: thing }])
      .png()
      .toBuffer();

    const { facts } = await inspectGood(product);

    expect(facts.dominant_colours).toEqual(["#f0f0f0", "#cc2020"]);
    expect(facts.flat_background).toBe(true);
    expect((await inspectGood(await grain().png().toBuffer())).facts.flat_background).toBe(false);
  });

  it("takes a background that was cut out before for a flat one", async () => {
    const thing = await plain(60, 60, "#cc2020").png().toBuffer();
    const onNothing = sharp({
      create: { width: 200, height: 200, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    });
    const cutOut = await onNothing
      .composite([{ input: thing }])
      .png()
      .toBuffer();

    expect((await inspectGood(cutOut)).facts.flat_background).toBe(true);
  });

  it("keeps the resolution that the file states, and null when it states none", async () => {
    const stated = await inspectGood(await grain().withMetadata({ density: 300 }).jpeg().toBuffer());

    expect(stated.facts.dpi).toBe(300);
    expect((await inspectGood(await grain().webp().toBuffer())).facts.dpi).toBeNull();
  });
});

/** Starts to sample the memory of this process; the function returned stops and says the rise in MB. */
function peakMemory(): () => number {
  const before = process.memoryUsage.rss();
  let highest = before;
  const timer = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss());
  }, 2);
  return () => {
    clearInterval(timer);
    return (highest - before) / 1024 / 1024;
  };
}

/** The pixels as a camera held that way would store them: the inverse of what the orientation says to do. */
async function storedAs(upright: Buffer, orientation: number): Promise<Buffer> {
  const image = sharp(upright);
  switch (orientation) {
    case 2:
      return await image.flop().toBuffer();
    case 3:
      return await image.rotate(180).toBuffer();
    case 4:
      return await image.flip().toBuffer();
    case 5:
      return await sharp(await image.rotate(90).toBuffer())
        .flop()
        .toBuffer();
    case 6:
      return await image.rotate(270).toBuffer();
    case 7:
      return await sharp(await image.rotate(270).toBuffer())
        .flop()
        .toBuffer();
    case 8:
      return await image.rotate(90).toBuffer();
    default:
      return upright;
  }
}
