import type { PictureFormat } from "../../domain/pictures/picture.ts";
import type { Deadline } from "./deadline.ts";
import { asSharp } from "./picture-operations.ts";
import type { RgbaPixels } from "./pixel-facts.ts";

const LOSSY_QUALITY = 92;

/** Writes pixels as a file. A format without transparency, and a picture that needs none, get no alpha channel. */
export async function encodePixels(
  pixels: RgbaPixels,
  { format, dpi, isClear }: { format: PictureFormat; dpi: number | undefined; isClear: boolean },
  deadline: Deadline,
): Promise<Uint8Array> {
  const keepsAlpha = isClear && format !== "jpeg";
  const base = asSharp(pixels, deadline);
  const opaque = keepsAlpha ? base : base.flatten({ background: "#ffffff" });
  const image = dpi === undefined ? opaque : opaque.withMetadata({ density: dpi });
  switch (format) {
    case "jpeg":
      return await image.jpeg({ quality: LOSSY_QUALITY, chromaSubsampling: "4:4:4" }).toBuffer();
    case "webp":
      return await image.webp({ quality: LOSSY_QUALITY }).toBuffer();
    case "tiff":
      return await image.tiff({ compression: "lzw", ...tiffResolution(dpi) }).toBuffer();
    case "avif":
      return await image.avif({ quality: 70 }).toBuffer();
    case "gif":
      return await image.gif().toBuffer();
    case "png":
      return await image.png({ compressionLevel: 6 }).toBuffer();
  }
}

/** sharp counts a TIFF's resolution in pixels per millimetre. */
function tiffResolution(dpi: number | undefined) {
  return dpi === undefined ? {} : { xres: dpi / 25.4, yres: dpi / 25.4, resolutionUnit: "inch" as const };
}
