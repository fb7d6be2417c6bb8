import { AppError } from "../../domain/errors.ts";
import type { Operation } from "../../domain/pictures/plan.ts";

export type Size = { width: number; height: number };
export type Region = Size & { left: number; top: number };

/** The largest centred region of the ratio. */
export function centredRegion({ width, height }: Size, ratioWidth: number, ratioHeight: number): Region {
  const isTooWide = width * ratioHeight > height * ratioWidth;
  const region = isTooWide
    ? { width: Math.max(1, Math.round((height * ratioWidth) / ratioHeight)), height }
    : { width, height: Math.max(1, Math.round((width * ratioHeight) / ratioWidth)) };
  return { ...region, left: (width - region.width) >> 1, top: (height - region.height) >> 1 };
}

/** The size after a resize; a side that was not asked for follows the other. */
export function resizedSize(from: Size, { width, height, fit }: Extract<Operation, { op: "resize" }>): Size {
  if (width === undefined && height === undefined) {
    throw new AppError("operation-failed", "a resize needs a width or a height");
  }
  if (width !== undefined && height !== undefined && fit !== "inside") return { width, height };
  const scale = Math.min(
    (width ?? Number.POSITIVE_INFINITY) / from.width,
    (height ?? Number.POSITIVE_INFINITY) / from.height,
  );
  return scaledSize(from, scale);
}

export function scaledSize({ width, height }: Size, scale: number): Size {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The size that the operations should give, or null from the first one on whose size depends on the pixels. */
export function expectedSize(start: Size, operations: Operation[]): Size | null {
  let size = start;
  for (const operation of operations) {
    const next = sizeAfter(size, operation);
    if (next === null) return null;
    size = next;
  }
  return size;
}

function sizeAfter(size: Size, operation: Operation): Size | null {
  switch (operation.op) {
    case "crop":
      return { width: operation.width, height: operation.height };
    case "crop_ratio": {
      const { width, height } = centredRegion(size, operation.ratio_w, operation.ratio_h);
      return { width, height };
    }
    case "resize":
      return resizedSize(size, operation);
    case "enlarge":
      return scaledSize(size, operation.factor);
    case "rotate":
      if (operation.degrees % 90 !== 0) return null;
      return operation.degrees % 180 === 0 ? size : { width: size.height, height: size.width };
    case "trim":
      return null;
    default:
      return size;
  }
}
