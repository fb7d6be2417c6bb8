import { AppError, errorText } from "../domain/errors.ts";
import type { Delivery, ImageOrder } from "../domain/orders/order.ts";
import type { Service } from "../domain/orders/service.ts";
import { areFilesAway } from "../domain/pictures/files-away.ts";
import type { Operation } from "../domain/pictures/plan.ts";
import type { ProcessedImage } from "../domain/pictures/ports.ts";
import { keepPicture } from "../domain/pictures/take-picture.ts";
import type { WorkflowDeps } from "./workflow-deps.ts";

const MOST_TRIES = 2;
const WORK_TIMEOUT_MS = 60_000;
const MODEL_TIMEOUT_MS = 120_000;
/** So much of the text that was there must still be readable. */
const READABLE_SHARE = 0.7;
/** What a model cannot promise and our engine can: the size and file that were asked for. */
const DELIVERY: readonly Operation["op"][] = ["resize", "dpi", "format"];
/** After these text may be gone, or turned, on purpose. */
const MOVES_TEXT: readonly Operation["op"][] = ["crop", "crop_ratio", "trim", "rotate", "flip", "resize"];
/** Services that are asked to change the text. */
const CHANGES_TEXT: readonly Service[] = ["edit_text", "redraw"];
const OF_THE_MODEL = ["size-not-as-asked", "less-sharp"];

export type Worked = { ok: true; deliveries: Delivery[] } | { ok: false; why: string };

/** True when the order's plan can be carried out here, by our engine or by the image model. */
export function canWorkOn({ imageModel }: WorkflowDeps, { demand }: ImageOrder): boolean {
  return demand.local ? demand.operations.length > 0 : imageModel !== null && demand.services.length > 0;
}

/**
 * Works on all pictures of an order and checks each result; one that fails is tried once more. Whatever goes wrong
 * is an answer: the caller hands the order to a person. Only files that are away are thrown: the run is tried again.
 */
export async function workOnPictures(deps: WorkflowDeps, order: ImageOrder): Promise<Worked> {
  const deliveries: Delivery[] = [];
  // A model's work costs money: none of it for a result that could not be kept.
  if (!order.demand.local) await deps.files.check();
  for (const pictureId of order.pictures) {
    try {
      const original = await deps.files.get(pictureId);
      if (original === null) return { ok: false, why: "picture-missing" };
      const result = await workOn(deps, order, { pictureId, original });
      if ("why" in result) return { ok: false, why: result.why };
      deliveries.push(await keep(deps, result));
    } catch (error) {
      if (areFilesAway(error)) throw error;
      deps.log.error("work.failed", { orderId: order.id, error: errorText(error) });
      return { ok: false, why: codeOf(error) };
    }
  }
  return deliveries.length === 0 ? { ok: false, why: "no-pictures" } : { ok: true, deliveries };
}

async function workOn(
  deps: WorkflowDeps,
  order: ImageOrder,
  picture: { pictureId: string; original: Uint8Array },
): Promise<ProcessedImage | { why: string }> {
  let why = "quality-check";
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    try {
      const result = await make(deps, order, picture.original);
      const problems = await findProblems(deps, order, picture, result);
      if (problems.length === 0) return result;
      why = `quality-check: ${problems.join(", ")}`;
    } catch (error) {
      why = codeOf(error);
      // The same operation on the same pixels fails again; a model may do better the second time.
      if (order.demand.local) break;
    }
  }
  return { why };
}

async function make(
  deps: WorkflowDeps,
  { demand }: ImageOrder,
  original: Uint8Array,
): Promise<ProcessedImage> {
  const { operations } = demand;
  if (demand.local) return await deps.engine.apply(original, { operations, timeoutMs: WORK_TIMEOUT_MS });
  if (deps.imageModel === null) throw new AppError("image-model-error", "no image model");
  const drawn = await deps.imageModel.edit(original, {
    instruction: demand.words,
    timeoutMs: MODEL_TIMEOUT_MS,
  });
  const finishing = operations.filter((operation) => DELIVERY.includes(operation.op));
  return await deps.engine.apply(drawn, { operations: finishing, timeoutMs: WORK_TIMEOUT_MS });
}

async function findProblems(
  deps: WorkflowDeps,
  { demand }: ImageOrder,
  { pictureId, original }: { pictureId: string; original: Uint8Array },
  result: ProcessedImage,
): Promise<string[]> {
  const { operations } = demand;
  if (!demand.local) {
    // A model draws anew: size and edges are its own.
    const finishing = operations.filter((operation) => DELIVERY.includes(operation.op));
    const problems = (await deps.engine.check(original, result, { operations: finishing })).filter(
      (problem) => !OF_THE_MODEL.includes(problem),
    );
    if (problems.length > 0 || demand.services.some((service) => CHANGES_TEXT.includes(service)))
      return problems;
    return (await isTextKept(deps, pictureId, result.bytes)) ? [] : ["text-lost"];
  }
  const problems = await deps.engine.check(original, result, { operations });
  if (problems.length > 0 || operations.some(({ op }) => MOVES_TEXT.includes(op))) return problems;
  return (await isTextKept(deps, pictureId, result.bytes)) ? [] : ["text-lost"];
}

/** Text that was readable must be readable still; where there was none there is nothing to read. */
async function isTextKept(deps: WorkflowDeps, pictureId: string, bytes: Uint8Array): Promise<boolean> {
  const before = (await deps.store.pictures.find(pictureId))?.text;
  if (before?.verdict !== "yes") return true;
  const after = await deps.textReader.read(bytes);
  if (after.failed) throw new AppError("text-check-unavailable", "the result's text could not be read");
  return after.chars_upper >= READABLE_SHARE * before.chars_lower;
}

/** The result comes in by the one door, so that a later demand can work on it. */
async function keep(deps: WorkflowDeps, result: ProcessedImage): Promise<Delivery> {
  const kept = await keepPicture({ ...deps, pictures: deps.store.pictures }, result.bytes);
  const { format, width, height } = result;
  const preview = await deps.engine.preview(result.bytes, "效果预览");
  return {
    // Larger than the door lets strangers in: kept as it is.
    file: kept.ok ? kept.value.id : await deps.files.put(result.bytes),
    format,
    width,
    height,
    at: deps.ambient.now(),
    by: "engine",
    preview: await deps.files.put(preview),
  };
}

function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : "operation-failed";
}
