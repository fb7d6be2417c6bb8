import { z } from "zod";

/** The seven things the shop sells (spec orders §3). */
export const serviceSchema = z.enum([
  "find_image",
  "basic",
  "enhance",
  "cutout",
  "recolor",
  "edit_text",
  "redraw",
]);
export type Service = z.infer<typeof serviceSchema>;

export const orderKindSchema = z.enum(["find", "process", "design"]);
export type OrderKind = z.infer<typeof orderKindSchema>;

export const decisionSchema = z.enum(["accept", "review", "reject"]);
export type Decision = z.infer<typeof decisionSchema>;
