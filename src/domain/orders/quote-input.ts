import { z } from "zod";
import { serviceSchema } from "./service.ts";

/** Above this an order is not a chat order any more; the bound also keeps the arithmetic exact. */
export const MAX_PICTURES = 10_000;
const MAX_CHARS = 1_000_000;
const MAX_ITEMS = 100;

const quoteItemInputSchema = z
  .strictObject({
    service: serviceSchema,
    pictures: z.int().positive().max(MAX_PICTURES).describe("pictures worked on; of find_image those bought"),
    touches_text: z.boolean().optional().describe("overrides what the price list says of the service"),
    chars_lower: z.int().nonnegative().max(MAX_CHARS),
    chars_upper: z.int().nonnegative().max(MAX_CHARS),
    ocr: z.literal("failed").optional(),
    pictures_ref: z
      .string()
      .min(1)
      .optional()
      .describe("items with the same value work on the same pictures: their characters count once"),
  })
  .refine((item) => item.chars_lower <= item.chars_upper, {
    path: ["chars_lower"],
    message: "chars_lower must not exceed chars_upper",
  });
export type QuoteItemInput = z.infer<typeof quoteItemInputSchema>;

/** Everything a price depends on, besides the price list. */
export const quoteInputSchema = z.strictObject({
  urgent: z.boolean(),
  items: z.array(quoteItemInputSchema).min(1).max(MAX_ITEMS),
});
/** What a certificate was made from: a person's price needs no items that the list knows. */
export const pricedInputSchema = quoteInputSchema.extend({
  items: z.array(quoteItemInputSchema).max(MAX_ITEMS),
});
export type QuoteInput = z.infer<typeof quoteInputSchema>;
