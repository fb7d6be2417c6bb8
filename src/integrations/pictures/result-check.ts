import sharp from "sharp";
import type { Operation } from "../../domain/pictures/plan.ts";
import type { ProcessedImage } from "../../domain/pictures/ports.ts";
import { startDeadline } from "./deadline.ts";
import { expectedSize, type Size, scaledSize } from "./picture-geometry.ts";
import { applyOperation, type PixelOperation, read } from "./picture-operations.ts";
import { measureSharpness, type RgbaPixels } from "./pixel-facts.ts";
import { sniffFormat } from "./sniff.ts";

const MAX_PIXELS = 100_000_000;
const TIMEOUT_MS = 30_000;
/** Two ways to round a side may differ by one. */
const SIZE_SLACK = 1;
const BLANK_DEVIATION = 1;
const COMPARED_SIDE = 512;
/** At full scale the finest grain does not survive an honest enlarging; at half it does. */
const HALF = 0.5;
/** Lossy files and resampling cost some: only clearly worse than this share of the original's counts. */
const KEPT_SHARPNESS = 0.6;
/** Under this the original had no edges to lose. */
const SHARPNESS_FLOOR = 5;
/** These move edges or their contrast on purpose: the comparison would say nothing. */
const NOT_COMPARED = new Set<Operation["op"]>([
  "denoise",
  "recolor",
  "white_background",
  "transparent_background",
  "flatten",
]);
const FRAMING = new Set<Operation["op"]>(["crop", "crop_ratio", "rotate", "flip", "trim", "resize"]);

/** The problems of a result as stable words, none when it is as asked. */
export async function findProblems(
  original: Uint8Array,
  result: ProcessedImage,
  operations: Operation[],
): Promise<string[]> {
  const after = await open(result.bytes).catch(() => null);
  if (after === null) return ["does-not-open"];
  const before = await open(original);

  const problems: string[] = [];
  if (!isSameSize(after, result)) problems.push("size-not-as-stated");
  if (sniffFormat(result.bytes) !== result.format) problems.push("format-not-as-stated");
  const asked = operations.findLast((it) => it.op === "format")?.format;
  if (asked !== undefined && asked !== result.format) problems.push("format-not-as-asked");
  const expected = expectedSize(before, operations);
  if (expected !== null && !isSameSize(after, expected)) problems.push("size-not-as-asked");
  if ((await isBlank(after)) && !(await isBlank(before))) problems.push("blank");
  else if (problems.length === 0 && (await hasLostSharpness(before, after, operations)))
    problems.push("less-sharp");
  return problems;
}

async function open(bytes: Uint8Array): Promise<RgbaPixels> {
  const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error" });
  return await read(image.timeout({ seconds: TIMEOUT_MS / 1000 }).autoOrient());
}

function isSameSize(one: Size, other: Size): boolean {
  return Math.abs(one.width - other.width) <= SIZE_SLACK && Math.abs(one.height - other.height) <= SIZE_SLACK;
}

/** One colour all over, or nothing to be seen. */
async function isBlank({ data, width, height }: RgbaPixels): Promise<boolean> {
  const { channels, isOpaque } = await sharp(data, { raw: { width, height, channels: 4 } }).stats();
  const [alpha] = channels.slice(3);
  if (!isOpaque && alpha?.max === 0) return true;
  return channels.every((channel) => channel.stdev < BLANK_DEVIATION);
}

/** Compares both at the same framing and the same, smaller scale. */
async function hasLostSharpness(
  before: RgbaPixels,
  after: RgbaPixels,
  operations: Operation[],
): Promise<boolean> {
  if (operations.some((it) => NOT_COMPARED.has(it.op))) return false;
  const deadline = startDeadline(TIMEOUT_MS);
  let reference = before;
  for (const operation of operations.filter((it): it is PixelOperation => FRAMING.has(it.op))) {
    reference = await applyOperation(reference, operation, deadline);
  }
  const smaller = reference.width <= after.width ? reference : after;
  const size = scaledSize(smaller, Math.min(HALF, COMPARED_SIDE / Math.max(smaller.width, smaller.height)));
  const was = await sharpnessAt(reference, size);
  return was > SHARPNESS_FLOOR && (await sharpnessAt(after, size)) < was * KEPT_SHARPNESS;
}

async function sharpnessAt({ data, width, height }: RgbaPixels, size: Size): Promise<number> {
  const grey = await sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: MAX_PIXELS })
    .flatten({ background: "#ffffff" })
    .resize({ ...size, fit: "fill" })
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return measureSharpness({ data: grey.data, width: grey.info.width, height: grey.info.height });
}
