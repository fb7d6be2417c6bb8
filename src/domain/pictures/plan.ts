import { z } from "zod";

/** One step of work on a picture, as data (spec orders §6). Sizes in pixels. */
export const operationSchema = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("crop"),
    left: z.int().nonnegative(),
    top: z.int().nonnegative(),
    width: z.int().positive(),
    height: z.int().positive(),
  }),
  z.object({ op: z.literal("crop_ratio"), ratio_w: z.int().positive(), ratio_h: z.int().positive() }),
  z.object({
    op: z.literal("resize"),
    width: z.int().positive().optional(),
    height: z.int().positive().optional(),
    fit: z.enum(["inside", "cover", "fill"]).default("inside"),
  }),
  z.object({ op: z.literal("enlarge"), factor: z.number().min(1).max(4) }),
  z.object({ op: z.literal("rotate"), degrees: z.number().min(-360).max(360) }),
  z.object({ op: z.literal("flip"), axis: z.enum(["horizontal", "vertical"]) }),
  z.object({ op: z.literal("flatten"), background: z.string().default("#ffffff") }),
  z.object({ op: z.literal("trim") }),
  z.object({ op: z.literal("format"), format: z.enum(["jpeg", "png", "webp", "tiff"]) }),
  z.object({ op: z.literal("dpi"), dpi: z.int().min(1).max(2400) }),
  z.object({ op: z.literal("denoise") }),
  z.object({ op: z.literal("sharpen") }),
  z.object({ op: z.literal("white_background") }),
  z.object({ op: z.literal("transparent_background") }),
  z.object({
    op: z.literal("recolor"),
    hue_degrees: z.number().optional(),
    saturation: z.number().positive().optional(),
    brightness: z.number().positive().optional(),
    tint: z.string().optional(),
    grayscale: z.boolean().optional(),
  }),
]);
export type Operation = z.infer<typeof operationSchema>;
