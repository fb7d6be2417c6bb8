import type { Service } from "../orders/service.ts";
import type { Operation } from "../pictures/plan.ts";
import type { Slots, Understanding } from "./understanding.ts";

export type PlanFacts = {
  /** Pixels; 0 when no picture is there yet. */
  width: number;
  height: number;
  flat_background: boolean;
};

export type OperationsPlan = {
  operations: Operation[];
  /** True when the operations do all of the wish; otherwise a model or a designer must. */
  local: boolean;
  /** The services for whose sake it is not local; null when there are other reasons too. */
  handmade: Service[] | null;
  /** What must be asked before work: which-size, which-background, which-colour, which-text. */
  missing: string[];
  contradictions: string[];
};

type Draft = OperationsPlan & { handmade: Service[]; slots: Slots; facts: PlanFacts };

const DEFAULT_FACTOR = 2;
const MOST_FACTOR = 4;
const DEFAULT_DPI = 300;
const MOST_DPI = 2400;
// Large prints are seen from afar: 2 m at 300 dpi would be more pixels than anybody can use.
const LARGE_PRINT_CM = 100;
const LARGE_PRINT_DPI = 72;
const CM_PER_INCH = 2.54;
const TINY_PX = 300;
// A picture this large does not need more pixels to look clear, only cleaner ones.
const LARGE_ENOUGH_PX = 3000;
const LOCAL_FORMATS = ["jpeg", "png", "webp", "tiff"] as const;
const TONES: Record<
  NonNullable<Slots["tone"]>,
  { brightness?: number; saturation?: number; grayscale?: boolean } | null
> = {
  brighter: { brightness: 1.2 },
  darker: { brightness: 0.85 },
  vivid: { saturation: 1.3 },
  softer: { saturation: 0.8 },
  grayscale: { grayscale: true },
  colourise: null,
};

/** Turns services and their values into operations, in the order in which pixels must be worked on. */
export function planOperations({ services, slots }: Understanding, facts: PlanFacts): OperationsPlan {
  const draft: Draft = {
    operations: [],
    local: true,
    handmade: [],
    missing: [],
    contradictions: [],
    slots,
    facts,
  };
  if (services.includes("basic")) planShape(draft);
  if (services.includes("enhance")) planEnhance(draft);
  if (services.includes("recolor")) planRecolor(draft);
  if (services.includes("edit_text")) planEditText(draft);
  if (services.includes("redraw")) draft.handmade.push("redraw");
  if (services.includes("cutout")) planCutout(draft);
  if (services.some((service) => service !== "find_image")) planDelivery(draft, services.includes("enhance"));
  if (services.includes("basic")) planNothingSaid(draft, services.length === 1);

  const { operations, missing, contradictions } = draft;
  const handmade = draft.local && contradictions.length === 0 ? draft.handmade : null;
  return { operations, local: handmade?.length === 0, handmade, missing, contradictions };
}

function planShape({ operations, slots }: Draft): void {
  if (slots.rotate_degrees !== undefined)
    operations.push({ op: "rotate", degrees: slots.rotate_degrees % 360 });
  if (slots.flip) operations.push({ op: "flip", axis: slots.flip });
  if (slots.ratio) {
    // The engine crops by whole numbers: 1.5:1 is 3:2.
    const scale = Number.isInteger(slots.ratio.w) && Number.isInteger(slots.ratio.h) ? 1 : 10;
    operations.push({
      op: "crop_ratio",
      ratio_w: Math.max(1, Math.round(slots.ratio.w * scale)),
      ratio_h: Math.max(1, Math.round(slots.ratio.h * scale)),
    });
  }
}

function planEnhance(draft: Draft): void {
  const { operations, facts, slots } = draft;
  const target = targetPixels(slots);
  const factor = slots.scale ?? factorTo(target, facts) ?? defaultFactor(facts);
  if (factor > MOST_FACTOR) {
    draft.handmade.push("enhance");
    if (facts.width > 0 && Math.min(facts.width, facts.height) < TINY_PX)
      draft.contradictions.push("too-small-to-enlarge");
  }
  if (factor < 1 && slots.size) draft.contradictions.push("clearer-but-smaller");
  operations.push({ op: "denoise" });
  if (factor > 1) operations.push({ op: "enlarge", factor: Math.min(MOST_FACTOR, factor) });
  operations.push({ op: "sharpen" });
}

function planRecolor(draft: Draft): void {
  const { operations, slots, facts } = draft;
  const tone = slots.tone ? TONES[slots.tone] : undefined;
  if (tone) operations.push({ op: "recolor", ...tone });
  else if (slots.tone === "colourise") draft.handmade.push("recolor");
  else if (slots.colour) {
    operations.push({ op: "recolor", tint: slots.colour.hex });
    // Tinting colours everything: only right when one thing stands before a plain background.
    if (!facts.flat_background) draft.handmade.push("recolor");
  } else draft.missing.push("which-colour");
}

function planEditText(draft: Draft): void {
  draft.handmade.push("edit_text");
  if (draft.slots.add_text === undefined && !draft.slots.remove_text) draft.missing.push("which-text");
}

function planCutout(draft: Draft): void {
  const { operations, slots, facts } = draft;
  if (!facts.flat_background) draft.handmade.push("cutout");
  if (slots.background === undefined) draft.missing.push("which-background");
  else if (slots.background === "white") operations.push({ op: "white_background" });
  else {
    operations.push({ op: "transparent_background" });
    if (slots.background !== "transparent") operations.push({ op: "flatten", background: slots.background });
  }
  if (slots.background === "transparent" && slots.format === "jpeg")
    draft.contradictions.push("transparent-jpeg");
}

/** Size, resolution and format come last, whatever service they are delivered with. */
function planDelivery(draft: Draft, enlarged: boolean): void {
  const { operations, slots } = draft;
  const target = targetPixels(slots);
  // An enlarged picture already has the pixels that were asked for.
  if (target && !enlarged)
    operations.push({ op: "resize", ...target, fit: target.width && target.height ? "cover" : "inside" });
  if (slots.dpi !== undefined) {
    if (slots.dpi <= MOST_DPI) operations.push({ op: "dpi", dpi: slots.dpi });
    else draft.local = false;
  }
  if (slots.format) {
    const format = LOCAL_FORMATS.find((known) => known === slots.format);
    if (format) operations.push({ op: "format", format });
    else draft.local = false;
  } else if (slots.background === "transparent") operations.push({ op: "format", format: "png" });
}

function planNothingSaid(draft: Draft, alone: boolean): void {
  const { slots, operations } = draft;
  if (slots.straighten || slots.max_kb !== undefined) {
    // By how much it leans, or how far it must be squeezed, only shows in the picture.
    draft.handmade.push("basic");
    return;
  }
  if (alone && operations.length === 0 && draft.local && draft.handmade.length === 0)
    draft.missing.push("which-size");
}

function targetPixels({ size, dpi }: Slots): { width?: number; height?: number } | null {
  if (!size) return null;
  const width = size.width === undefined ? undefined : pixelsOf(size.width, size.unit, dpi);
  const height = size.height === undefined ? undefined : pixelsOf(size.height, size.unit, dpi);
  return { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };
}

function pixelsOf(length: number, unit: "px" | "cm" | "mm", dpi: number | undefined): number {
  if (unit === "px") return Math.max(1, Math.round(length));
  const cm = unit === "mm" ? length / 10 : length;
  const resolution = dpi ?? (cm >= LARGE_PRINT_CM ? LARGE_PRINT_DPI : DEFAULT_DPI);
  return Math.max(1, Math.round((cm / CM_PER_INCH) * resolution));
}

function factorTo(
  target: { width?: number; height?: number } | null,
  { width, height }: PlanFacts,
): number | null {
  if (!target || width === 0 || height === 0) return null;
  return Math.max((target.width ?? 0) / width, (target.height ?? 0) / height);
}

function defaultFactor({ width, height }: PlanFacts): number {
  return Math.max(width, height) >= LARGE_ENOUGH_PX ? 1 : DEFAULT_FACTOR;
}
