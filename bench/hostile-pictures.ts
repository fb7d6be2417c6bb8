import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import type { PictureRefusal } from "../src/domain/pictures/picture.ts";
import { CORNERS_SIZE, checkCorners, drawCorners } from "./hostile/four-corners.ts";
import {
  bitmap,
  gifOfFrames,
  jpegOfScans,
  tiffOfPages,
  withJpegHeight,
  withJpegSegment,
  zipArchive,
} from "./hostile/other-bytes.ts";
import { blackPng, insertChunks, packZeros, writePng } from "./hostile/png-bytes.ts";

export type Hostile = {
  form: string;
  /** One file, or several of a kind that are told as one. */
  make(): Promise<Uint8Array[]>;
  /** What is right: refused in one of these ways, or taken at this size; either when both are given. */
  refused?: readonly PictureRefusal[];
  taken?: { width: number; height: number };
  /** As large as is allowed: some decoders hold such a picture whole. */
  isLarge?: true;
  /** What is wrong with the clean copy, or null. */
  check?(clean: Buffer): Promise<string | null>;
};

const UNSUPPORTED: readonly PictureRefusal[] = ["unsupported-format"];
const TRUNCATED: readonly PictureRefusal[] = ["truncated"];
const BROKEN: readonly PictureRefusal[] = ["truncated", "unreadable", "too-many-pixels"];
const MIB = 1024 * 1024;
const SMALL = { width: 400, height: 300 };
const LARGE = { width: 7000, height: 7000 };
const CMYK_TOLERANCE = 24;
const GIB = 1024 * MIB;
const HIDDEN = "alert(document.cookie)";

/** What strangers send, by accident or to harm; each with what the door ought to do. */
export const HOSTILE_PICTURES: readonly Hostile[] = [
  // Bombs.
  refusal("PNG of 900 megapixels in 2.7 MB", ["too-many-pixels"], () =>
    blackPng({ width: 30_000, height: 30_000 }),
  ),
  refusal("PNG of 256 megapixels", ["too-many-pixels"], () => blackPng({ width: 16_000, height: 16_000 })),
  {
    ...refusal("GIF whose screen is 60000×60000 around a small frame", ["too-many-pixels"], async () => {
      const gif = await small().gif().toBuffer();
      gif.writeUInt16LE(60_000, 6);
      gif.writeUInt16LE(60_000, 8);
      return gif;
    }),
    taken: SMALL,
  },
  {
    ...refusal("JPEG with 3,000 scans", BROKEN, () => jpegOfScans(3_000)),
    taken: { width: 4000, height: 4000 },
  },
  ...textBombs(),
  taking("GIF of 10,000 frames", { width: 320, height: 240 }, () => gifOfFrames(10_000), isStill),
  taking("TIFF of 5,000 pages", { width: 64, height: 48 }, () => tiffOfPages(5_000), isStill),
  {
    ...refusal("TIFF whose pages go round in a circle", BROKEN, () => tiffOfPages(3, { isLoop: true })),
    taken: { width: 64, height: 48 },
  },
  // As large as is allowed.
  allowed("PNG of 49 megapixels", () => blackPng(LARGE)),
  allowed("PNG of 49 megapixels, 16 bit", () => blackPng({ ...LARGE, bitDepth: 16 })),
  allowed("JPEG of 49 megapixels", () => large().jpeg().toBuffer()),
  allowed("JPEG of 49 megapixels, EXIF orientation 6", () =>
    large().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  ),
  allowed("JPEG of 49 megapixels, progressive 4:4:4", () =>
    large().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
  ),
  allowed("WebP of 49 megapixels", () => large().webp({ effort: 0, quality: 50 }).toBuffer()),
  allowed("AVIF of 49 megapixels in 2 kB", () => large().avif({ effort: 0, quality: 40 }).toBuffer()),
  // Cut off.
  ...(["jpeg", "png", "webp", "gif", "avif", "tiff"] as const).flatMap((format) => [
    refusal(`${format}, cut at 60 %`, format === "tiff" ? BROKEN : TRUNCATED, async () => {
      const bytes = await grain().toFormat(format).toBuffer();
      return bytes.subarray(0, Math.floor(bytes.length * 0.6));
    }),
  ]),
  refusal("JPEG without its last two bytes", TRUNCATED, async () =>
    (await grain().jpeg().toBuffer()).subarray(0, -2),
  ),
  refusal("JPEG, cut at 60 % and ended properly", TRUNCATED, async () => {
    const jpeg = await grain().jpeg().toBuffer();
    return Buffer.concat([jpeg.subarray(0, Math.floor(jpeg.length * 0.6)), jpeg.subarray(-2)]);
  }),
  // Headers that lie.
  {
    ...refusal("PNG that says 10×10 and holds 2000×2000", BROKEN, () =>
      writePng({ width: 10, height: 10 }, [{ type: "IDAT", data: packZeros(2000 * 6001) }]),
    ),
    taken: { width: 10, height: 10 },
  },
  refusal("PNG that says 5000×5000 and holds ten rows", BROKEN, () =>
    writePng({ width: 5000, height: 5000 }, [{ type: "IDAT", data: packZeros(10 * 15_001) }]),
  ),
  refusal("PNG of 0×0", BROKEN, () =>
    writePng({ width: 0, height: 0 }, [{ type: "IDAT", data: packZeros(1) }]),
  ),
  refusal("JPEG that says 400×60000 and holds 400×300", BROKEN, async () =>
    withJpegHeight(await grain().jpeg().toBuffer(), 60_000),
  ),
  // Two files in one.
  refusal("JPEG with HTML behind", UNSUPPORTED, () =>
    behind(small().jpeg(), `<html><script>${HIDDEN}</script></html>`),
  ),
  refusal("PNG with HTML behind", UNSUPPORTED, () =>
    behind(small().png(), `<!DOCTYPE html><script>${HIDDEN}</script>`),
  ),
  refusal("JPEG with a ZIP behind", UNSUPPORTED, () => behind(small().jpeg(), zipArchive())),
  refusal("PNG with a ZIP behind", UNSUPPORTED, () => behind(small().png(), zipArchive())),
  refusal("JPEG that is a PDF too", UNSUPPORTED, async () =>
    withJpegSegment(await small().jpeg().toBuffer(), 0xfe, "%PDF-1.7 1 0 obj"),
  ),
  refusal("HTML named .jpg", UNSUPPORTED, () => Buffer.from(`<html><script>${HIDDEN}</script></html>`)),
  ...scriptsThatVanish(),
  // Formats that are not taken.
  refusal("SVG with an external reference", UNSUPPORTED, () =>
    Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9"><image xlink:href="file:///etc/passwd" width="9" height="9"/></svg>',
    ),
  ),
  refusal("SVG in UTF-16", UNSUPPORTED, () =>
    Buffer.from('\ufeff<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "utf16le"),
  ),
  refusal("BMP", UNSUPPORTED, () => bitmap(40, 30)),
  refusal("PDF", UNSUPPORTED, () => Buffer.from("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n")),
  refusal("HEIC", UNSUPPORTED, () =>
    Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), Buffer.alloc(4096, 7)]),
  ),
  refusal("MP4", UNSUPPORTED, () =>
    Buffer.concat([Buffer.from("\0\0\0\x18ftypisom\0\0\0\0isomavc1", "latin1"), Buffer.alloc(4096, 7)]),
  ),
  refusal("0 bytes", UNSUPPORTED, () => Buffer.alloc(0)),
  refusal("21 MiB", ["too-many-bytes"], () => behind(small().jpeg(), Buffer.alloc(21 * MIB))),
  // Odd, and fine.
  ...["gif", "webp"].map((format) =>
    taking(
      `animated ${format}: the first frame`,
      CORNERS_SIZE,
      async () => {
        const blue = { create: { ...CORNERS_SIZE, channels: 3 as const, background: "#0000ff" } };
        const frames = [await drawCorners().png().toBuffer(), await sharp(blue).png().toBuffer()];
        const animation = sharp(frames, { join: { animated: true } });
        return await (format === "gif" ? animation.gif() : animation.webp({ lossless: true })).toBuffer();
      },
      async (clean) => (await isStill(clean)) ?? (await checkCorners(clean)),
    ),
  ),
  taking(
    "AVIF",
    CORNERS_SIZE,
    () => drawCorners().avif({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer(),
    checkCorners,
  ),
  taking("PNG named .jpg", CORNERS_SIZE, () => drawCorners().png().toBuffer(), checkCorners),
  taking(
    "CMYK JPEG: its colours",
    CORNERS_SIZE,
    () => drawCorners().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(),
    (clean) => checkCorners(clean, CMYK_TOLERANCE),
  ),
  {
    form: "JPEG, EXIF orientation 1 to 8: upright",
    make: async () =>
      await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) =>
          drawCorners(orientation)
            .withMetadata({ orientation })
            .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
            .toBuffer(),
        ),
      ),
    taken: CORNERS_SIZE,
    check: checkCorners,
  },
  {
    form: "WebP and TIFF, EXIF orientation 6: upright",
    make: async () => [
      await drawCorners(6).withMetadata({ orientation: 6 }).webp({ lossless: true }).toBuffer(),
      await drawCorners(6).withMetadata({ orientation: 6 }).tiff().toBuffer(),
    ],
    taken: CORNERS_SIZE,
    check: checkCorners,
  },
  {
    form: "JPEG and WebP with place and camera: none in the copy",
    make: async () => [await tagged(small()).jpeg().toBuffer(), await tagged(small()).webp().toBuffer()],
    taken: SMALL,
    check: async (clean) => {
      const { exif, xmp, iptc } = await sharp(clean).metadata();
      if (clean.includes("SecretCamera")) return "the camera is still in it";
      return (exif ?? xmp ?? iptc) ? "metadata is still in it" : null;
    },
  },
  taking("one pixel", { width: 1, height: 1 }, () => blackPng({ width: 1, height: 1 })),
  taking("1 pixel wide, 40000 high", { width: 1, height: 40_000 }, () =>
    blackPng({ width: 1, height: 40_000 }),
  ),
];

/** Chunks of text and colour profile that unpack to a gigabyte each. */
function textBombs(): Hostile[] {
  const bombs = {
    iCCP: () => Buffer.concat([Buffer.from("profile\0\0", "latin1"), packZeros(GIB)]),
    zTXt: () => Buffer.concat([Buffer.from("Comment\0\0", "latin1"), packZeros(GIB)]),
    iTXt: () => Buffer.concat([Buffer.from("Comment\0\x01\0\0\0", "latin1"), packZeros(GIB)]),
  };
  return Object.entries(bombs).map(([type, data]) => ({
    ...refusal(`PNG whose ${type} unpacks to 1 GiB`, BROKEN, async () =>
      insertChunks(await drawCorners().png().toBuffer(), [{ type, data: data() }]),
    ),
    taken: CORNERS_SIZE,
    check: (clean) => checkCorners(clean),
  }));
}

/** Scripts where nobody looks for them: taken or not, the copy that others see has none. */
function scriptsThatVanish(): Hostile[] {
  const isGone = async (clean: Buffer): Promise<string | null> =>
    clean.includes(HIDDEN) ? "the script is still in the copy" : null;
  return [
    {
      ...refusal("GIF that is JavaScript too", UNSUPPORTED, () => behind(small().gif(), `*/=1;${HIDDEN}`)),
      taken: SMALL,
      check: isGone,
    },
    {
      ...refusal("JPEG with PHP far inside a comment", UNSUPPORTED, async () =>
        withJpegSegment(await small().jpeg().toBuffer(), 0xfe, `${" ".repeat(4000)}<?php ${HIDDEN} ?>`),
      ),
      taken: SMALL,
      check: isGone,
    },
    {
      ...refusal("PNG with HTML far inside a text chunk", UNSUPPORTED, async () =>
        insertChunks(await small().png().toBuffer(), [
          {
            type: "zTXt",
            data: Buffer.concat([Buffer.from("Comment\0\0", "latin1"), deflateSync(`<script>${HIDDEN}`)]),
          },
          { type: "tEXt", data: Buffer.from(`Comment\0${" ".repeat(4000)}<script>${HIDDEN}`, "latin1") },
        ]),
      ),
      taken: SMALL,
      check: isGone,
    },
  ];
}

function refusal(
  form: string,
  refused: readonly PictureRefusal[],
  make: () => Uint8Array | Promise<Uint8Array>,
): Hostile {
  return { form, refused, make: async () => [await make()] };
}

function taking(
  form: string,
  taken: { width: number; height: number },
  make: () => Uint8Array | Promise<Uint8Array>,
  check?: (clean: Buffer) => Promise<string | null>,
): Hostile {
  return { form, taken, make: async () => [await make()], ...(check && { check: (clean) => check(clean) }) };
}

function allowed(form: string, make: () => Promise<Uint8Array> | Uint8Array): Hostile {
  return { ...taking(form, LARGE, make), isLarge: true };
}

function small() {
  return sharp({ create: { ...SMALL, channels: 3, background: "#b04a3c" } });
}

function grain() {
  return sharp({
    create: {
      ...SMALL,
      channels: 3,
      background: "#000",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  });
}

function large() {
  return sharp({ create: { ...LARGE, channels: 3, background: "#b04a3c" } });
}

function tagged(image: Sharp): Sharp {
  return image.withExif({
    IFD0: { Make: "SecretCamera" },
    IFD3: { GPSLatitude: "31/1 14/1 0/1", GPSLatitudeRef: "N" },
  });
}

async function behind(image: Sharp, tail: string | Uint8Array): Promise<Buffer> {
  return Buffer.concat([await image.toBuffer(), typeof tail === "string" ? Buffer.from(tail) : tail]);
}

async function isStill(clean: Buffer): Promise<string | null> {
  const { pages } = await sharp(clean).metadata();
  return pages === undefined || pages === 1 ? null : `${pages} frames`;
}
