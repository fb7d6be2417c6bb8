import sharp, { type Metadata, type Sharp } from "sharp";
import { errorText } from "../../domain/errors.ts";
import type { PictureFacts, PictureFormat, PictureRefusal } from "../../domain/pictures/picture.ts";
import type { PictureInspector } from "../../domain/pictures/ports.ts";
import { accept, type Result, refuse } from "../../domain/result.ts";
import { findPictureEnd } from "./picture-end.ts";
import {
  findDominantColours,
  type GreyPixels,
  hasFlatBorder,
  measureNoise,
  measureSharpness,
  type RgbaPixels,
} from "./pixel-facts.ts";
import { hidesAnotherFile, sniffFormat } from "./sniff.ts";

const MAX_BYTES = 20 * 1024 * 1024;
const MAX_PIXELS = 50_000_000;
const TIMEOUT_SECONDS = 15;
const WEBP_MAX_SIDE = 16_383;
const SHARPNESS_SIDE = 512;
const NOISE_SIDE = 512;
const COLOUR_SIDE = 128;

/** A picture this large may take hundreds of megabytes while it is decoded: one of them at a time. */
const LARGE_PIXELS = 12_000_000;

/** Looks at untrusted bytes. Only formats that were sniffed reach the decoder: it would open SVG and more by itself. */
export function createPictureInspector(): PictureInspector {
  let lastLarge: Promise<unknown> = Promise.resolve();

  return {
    async inspect(bytes) {
      if (bytes.byteLength > MAX_BYTES) return refuse("too-many-bytes");
      const format = checkForm(bytes);
      if (!format.ok) return format;
      try {
        const metadata = await open(bytes).metadata();
        if (metadata.width * metadata.height <= LARGE_PIXELS)
          return await look(bytes, format.value, metadata);
        const looked = lastLarge.then(() => look(bytes, format.value, metadata));
        lastLarge = looked.catch(() => undefined);
        return await looked;
      } catch (error) {
        return refuse(refusalOf(error));
      }
    },
  };
}

function checkForm(bytes: Uint8Array): Result<PictureFormat, PictureRefusal> {
  const format = sniffFormat(bytes);
  if (format === "bmp" || format === "svg" || format === "pdf" || format === "heic" || format === "other") {
    return refuse("unsupported-format");
  }
  const end = findPictureEnd(bytes, format);
  if (end === "missing") return refuse("truncated");
  if (hidesAnotherFile(bytes, end === "unknown" ? null : end)) return refuse("unsupported-format");
  return accept(format);
}

async function look(bytes: Uint8Array, format: PictureFormat, metadata: Metadata) {
  if (loadedFormat(metadata) !== format) return refuse("unsupported-format");
  if (metadata.width * metadata.height > MAX_PIXELS) return refuse("too-many-pixels");

  const cleanFormat = cleanFormatOf(format, metadata);
  // The full decode comes first: a broken file must fail here and not after being measured.
  const clean = format === "jpeg" ? await cleanJpeg(bytes) : await encodeClean(open(bytes), cleanFormat);
  const facts = await measure(bytes, clean.data, {
    format,
    metadata,
    width: clean.info.width,
    height: clean.info.height,
  });
  return accept({ facts, clean: clean.data, cleanFormat });
}

/** Decoders only warn when a JPEG's data stops early, and about harmless things too: the first is refused. */
async function cleanJpeg(bytes: Uint8Array) {
  try {
    return await encodeClean(open(bytes, "warning"), "jpeg");
  } catch (error) {
    // A second try would take as long again.
    if (refusalOf(error) === "truncated" || errorText(error).includes("timeout")) throw error;
    return await encodeClean(open(bytes), "jpeg");
  }
}

function open(bytes: Uint8Array, failOn: "error" | "warning" = "error"): Sharp {
  return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn }).timeout({ seconds: TIMEOUT_SECONDS });
}

function loadedFormat(metadata: Metadata): string | undefined {
  return metadata.format === "heif" && metadata.compression === "av1" ? "avif" : metadata.format;
}

/** JPEG stays lossy, drawings and scans stay exact, AVIF becomes what every browser and tool opens. */
function cleanFormatOf(format: PictureFormat, { width, height }: Metadata): PictureFormat {
  if (format === "jpeg" || format === "png") return format;
  if (format === "gif" || format === "tiff") return "png";
  return Math.max(width, height) > WEBP_MAX_SIDE ? "png" : "webp";
}

async function encodeClean(opened: Sharp, format: PictureFormat) {
  const image = opened.autoOrient().toColourspace("srgb");
  // Optimised coding would hold the whole picture: 280 MB more for 49 megapixels, to save a few percent of the bytes.
  if (format === "jpeg")
    return await image.jpeg({ quality: 90, optimizeCoding: false }).toBuffer({ resolveWithObject: true });
  // More effort than 2 takes a busy machine past the time limit with the largest pictures.
  if (format === "webp")
    return await image.webp({ quality: 90, effort: 2 }).toBuffer({ resolveWithObject: true });
  return await image.png({ compressionLevel: 6 }).toBuffer({ resolveWithObject: true });
}

async function measure(
  original: Uint8Array,
  clean: Uint8Array,
  {
    format,
    metadata,
    width,
    height,
  }: { format: PictureFormat; metadata: Metadata; width: number; height: number },
): Promise<PictureFacts> {
  const colours = await readRgba(clean, COLOUR_SIDE);
  return {
    width,
    height,
    format,
    dpi: metadata.density ?? null,
    bytes: original.byteLength,
    sharpness: measureSharpness(await readGrey(clean, SHARPNESS_SIDE)),
    noise: measureNoise(await readCentre(clean, width, height)),
    has_alpha: metadata.hasAlpha,
    dominant_colours: findDominantColours(colours),
    flat_background: hasFlatBorder(colours),
  };
}

/** A grey copy, white behind see-through parts, whose longer side is at most the one given. */
export async function readGrey(bytes: Uint8Array, side: number): Promise<GreyPixels> {
  const fitted = open(bytes)
    .flatten({ background: "#ffffff" })
    .resize(side, side, { fit: "inside", withoutEnlargement: true });
  return toPixels(await fitted.greyscale().raw().toBuffer({ resolveWithObject: true }));
}

async function readCentre(bytes: Uint8Array, width: number, height: number): Promise<GreyPixels> {
  const region = {
    width: Math.min(width, NOISE_SIDE),
    height: Math.min(height, NOISE_SIDE),
    left: Math.max(0, (width - NOISE_SIDE) >> 1),
    top: Math.max(0, (height - NOISE_SIDE) >> 1),
  };
  const centre = open(bytes).extract(region).flatten({ background: "#ffffff" });
  return toPixels(await centre.greyscale().raw().toBuffer({ resolveWithObject: true }));
}

async function readRgba(bytes: Uint8Array, side: number): Promise<RgbaPixels> {
  // Nearest: averaging would blend a thin border with what lies inside it.
  const fitted = open(bytes).resize(side, side, {
    fit: "inside",
    withoutEnlargement: true,
    kernel: "nearest",
  });
  const pixels = await fitted.toColourspace("srgb").ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return toPixels(pixels);
}

function toPixels({ data, info }: { data: Buffer; info: { width: number; height: number } }) {
  return { data, width: info.width, height: info.height };
}

function refusalOf(error: unknown): PictureRefusal {
  const text = errorText(error).toLowerCase();
  if (text.includes("pixel limit") || text.includes("dimensions")) return "too-many-pixels";
  if (/truncat|premature|end of (file|stream|input)|unexpected eof|out of data/.test(text))
    return "truncated";
  return "unreadable";
}
