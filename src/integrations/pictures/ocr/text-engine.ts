import { availableParallelism } from "node:os";
import sharp from "sharp";
import { z } from "zod";
import type { TextEvidence } from "../../../domain/orders/evidence.ts";

export type TextEngine = {
  read(bytes: Uint8Array): Promise<{ boxes: TextEvidence["boxes"]; pictureArea: number }>;
};

const MAX_INPUT_PIXELS = 50_000_000;
/** Memory grows with the pixels; small print stays readable at this size. */
const MAX_SIDE = 1600;
/** The detector stretches any other size, and its boxes then no longer fit the picture. */
const BLOCK = 32;

const linesSchema = z.array(
  z.object({
    text: z.string(),
    mean: z.number(),
    box: z.array(z.tuple([z.number(), z.number()])).optional(),
  }),
);

/** Whether the OCR package is there at all; loading it is another matter. */
export function isTextEngineInstalled(): boolean {
  try {
    import.meta.resolve("@gutenye/ocr-node");
    return true;
  } catch {
    return false;
  }
}

/** Loads PP-OCR with its models, some seconds and hundreds of megabytes. Throws when the package is absent. */
export async function loadTextEngine(): Promise<TextEngine> {
  const { default: Ocr } = await import("@gutenye/ocr-node");
  // One core stays free for the process that answers buyers.
  const intraOpNumThreads = Math.max(1, availableParallelism() - 1);
  const ocr = await Ocr.create({ onnxOptions: { intraOpNumThreads, interOpNumThreads: 1 } });

  return {
    async read(bytes) {
      const { data, width, height, scale } = await fitBlocks(bytes);
      // Declared as a path, handed to sharp as it is: bytes spare a file.
      const lines = linesSchema.parse(await ocr.detect(data));
      const boxes = lines
        .filter((line) => line.text.trim() !== "")
        .map((line) => ({
          text: line.text,
          score: Math.min(1, line.mean),
          points: (line.box ?? []).map(([x, y]): [number, number] => [x / scale, y / scale]),
        }));
      return { boxes, pictureArea: (width / scale) * (height / scale) };
    },
  };
}

/** The picture upright, opaque, not too large, and padded to whole blocks; scale is its size over the original's. */
async function fitBlocks(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: "error" })
    .autoOrient()
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const scale = Math.min(1, MAX_SIDE / Math.max(info.width, info.height));
  const width = Math.max(1, Math.round(info.width * scale));
  const height = Math.max(1, Math.round(info.height * scale));
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const padded = await sharp(data, { raw })
    .resize({ width, height, fit: "fill" })
    .extend({
      right: (BLOCK - (width % BLOCK)) % BLOCK,
      bottom: (BLOCK - (height % BLOCK)) % BLOCK,
      extendWith: "copy",
    })
    .png({ compressionLevel: 1 })
    .toBuffer();
  return { data: padded, width, height, scale };
}
