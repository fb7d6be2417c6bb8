import type { Service } from "../orders/service.ts";
import type { Operation } from "./plan.ts";

type Name = Operation["op"];

/** Operations that settle the same thing: the later wish replaces the earlier one. Turning and cropping add up. */
const SETTLES: readonly (readonly Name[])[] = [
  ["crop_ratio"],
  ["enlarge"],
  ["resize"],
  ["recolor"],
  ["white_background", "transparent_background", "flatten"],
  ["format"],
  ["dpi"],
  ["denoise"],
  ["sharpen"],
];

/** The order in which pixels must be worked on: shape, clarity, colour, background, then size and file. */
const ORDER: readonly Name[] = [
  "crop",
  "trim",
  "rotate",
  "flip",
  "crop_ratio",
  "denoise",
  "enlarge",
  "sharpen",
  "recolor",
  "white_background",
  "transparent_background",
  "flatten",
  "resize",
  "dpi",
  "format",
];

/** The plan of an order after a later demand: 换成蓝底 replaces 换成白底, and a new turn is made beside the old one. */
export function mergeOperations(before: readonly Operation[], added: readonly Operation[]): Operation[] {
  const replaced = new Set(
    SETTLES.filter((group) => added.some((operation) => group.includes(operation.op))).flat(),
  );
  return [...before.filter((operation) => !replaced.has(operation.op)), ...added].sort(
    (one, other) => ORDER.indexOf(one.op) - ORDER.indexOf(other.op),
  );
}

/** What is done for a service; size, resolution and format are how anything is delivered, and stay. */
const DONE_FOR: Partial<Record<Service, readonly Name[]>> = {
  basic: ["crop", "trim", "rotate", "flip", "crop_ratio"],
  enhance: ["denoise", "enlarge", "sharpen"],
  cutout: ["white_background", "transparent_background", "flatten"],
  recolor: ["recolor"],
};

/** The plan of an order when the buyer no longer wants these services. */
export function dropOperationsOf(
  services: readonly Service[],
  operations: readonly Operation[],
): Operation[] {
  const dropped = services.flatMap((service) => DONE_FOR[service] ?? []);
  return operations.filter(({ op }) => !dropped.includes(op));
}
