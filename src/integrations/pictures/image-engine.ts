import sharp from "sharp";
import { AppError, errorText } from "../../domain/errors.ts";
import type { PictureFormat } from "../../domain/pictures/picture.ts";
import type { Operation } from "../../domain/pictures/plan.ts";
import type { ImageEngine, ProcessedImage } from "../../domain/pictures/ports.ts";
import { startDeadline } from "./deadline.ts";
import { encodePixels } from "./encode.ts";
import { applyOperation, hasClearPixels, type PixelOperation, read } from "./picture-operations.ts";
import { makePreview } from "./preview.ts";
import { findProblems } from "./result-check.ts";
import { sniffFormat } from "./sniff.ts";

const MAX_INPUT_PIXELS = 50_000_000;
const DEFAULT_TIMEOUT_MS = 60_000;
const KEPT_FORMATS = new Set<string>(["jpeg", "png", "webp", "tiff"]);

/** Works on pictures with sharp, one operation after the other on plain pixels. */
export function createSharpImageEngine(): ImageEngine {
  return {
    async apply(bytes, { operations, timeoutMs = DEFAULT_TIMEOUT_MS }) {
      return await asFaults(() => run(bytes, operations, timeoutMs));
    },
    async preview(bytes, label) {
      return await asFaults(() => makePreview(bytes, label));
    },
    async check(original, result, job) {
      return await findProblems(original, result, job.operations);
    },
  };
}

async function run(bytes: Uint8Array, operations: Operation[], timeoutMs: number): Promise<ProcessedImage> {
  const deadline = startDeadline(timeoutMs);
  const input = sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: "error" });
  const { density } = await input.metadata();
  let pixels = await read(input.timeout({ seconds: deadline.seconds() }).autoOrient());
  for (const operation of operations) {
    await deadline.breathe();
    if (isPixelOperation(operation)) pixels = await applyOperation(pixels, operation, deadline);
  }
  await deadline.breathe();

  const asked = operations.findLast((it) => it.op === "format")?.format;
  const dpi = operations.findLast((it) => it.op === "dpi")?.dpi ?? density;
  const isClear = hasClearPixels(pixels);
  const { format, notes } = chooseFormat(bytes, asked, isClear);
  const encoded = await encodePixels(pixels, { format, dpi, isClear }, deadline);
  // The bytes exist, but later than promised: whoever waited has given up.
  await deadline.breathe();
  return { bytes: encoded, format, width: pixels.width, height: pixels.height, notes };
}

function isPixelOperation(operation: Operation): operation is PixelOperation {
  return operation.op !== "format" && operation.op !== "dpi";
}

function chooseFormat(bytes: Uint8Array, asked: PictureFormat | undefined, isClear: boolean) {
  if (asked !== undefined) {
    return { format: asked, notes: isClear && asked === "jpeg" ? ["transparency-flattened-on-white"] : [] };
  }
  const from = sniffFormat(bytes);
  if (isClear && from === "jpeg") return { format: "png" as const, notes: ["format-png-for-transparency"] };
  const kept = KEPT_FORMATS.has(from);
  return { format: kept ? (from as PictureFormat) : ("png" as const), notes: kept ? [] : ["format-png"] };
}

/** Whatever sharp says, the caller meets two codes. */
async function asFaults<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const text = errorText(error);
    const code = /timeout/i.test(text) ? "operation-timeout" : "operation-failed";
    throw new AppError(code, text, { cause: error });
  }
}
