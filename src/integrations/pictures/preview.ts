import sharp, { type Sharp } from "sharp";

const MAX_SIDE = 800;
const MAX_INPUT_PIXELS = 100_000_000;
const TIMEOUT_SECONDS = 20;
const LABEL_DPI = 150;
const LABEL_OPACITY = 0.45;
const GAP = 40;

/** A copy of at most 800 px with the label slanted all over it, readable on dark and on light. */
export async function makePreview(bytes: Uint8Array, label: string): Promise<Uint8Array> {
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: "error" })
    .timeout({ seconds: TIMEOUT_SECONDS })
    .autoOrient()
    .resize(MAX_SIDE, MAX_SIDE, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .png({ compressionLevel: 1 })
    .toBuffer({ resolveWithObject: true });
  const watermark = await drawWatermark(label, info.width, info.height);
  return await sharp(data)
    .composite([{ input: watermark }])
    .jpeg({ quality: 80 })
    .toBuffer();
}

async function drawWatermark(label: string, width: number, height: number): Promise<Buffer> {
  const light = await drawLabel(label, "white");
  const dark = await drawLabel(label, "black");
  // White with a black shadow one step off: one of the two is seen on any ground.
  const both = await sharp(dark)
    .extend({ right: 2, bottom: 2, background: CLEAR })
    .composite([{ input: light, left: 2, top: 2 }])
    .png()
    .toBuffer();
  const slanted = await spaced(sharp(both).rotate(-30, { background: CLEAR }))
    .png()
    .toBuffer();
  const fitted = await sharp(slanted)
    .resize({ width, height, fit: "inside", withoutEnlargement: true })
    .png()
    .toBuffer();
  return await sharp({ create: { width, height, channels: 4, background: CLEAR } })
    .composite([{ input: fitted, tile: true }])
    .png()
    .toBuffer();
}

const CLEAR = { r: 0, g: 0, b: 0, alpha: 0 };

function spaced(image: Sharp): Sharp {
  return image.extend({ top: GAP, bottom: GAP, left: GAP, right: GAP, background: CLEAR });
}

async function drawLabel(label: string, colour: "white" | "black"): Promise<Buffer> {
  const markup = `<span foreground="${colour}" alpha="${Math.round(LABEL_OPACITY * 100)}%">${escapeMarkup(label)}</span>`;
  return await sharp({ text: { text: markup, rgba: true, dpi: LABEL_DPI } })
    .png()
    .toBuffer();
}

function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
