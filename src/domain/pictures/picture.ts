import { z } from "zod";
import { textEvidenceSchema } from "../orders/evidence.ts";

export const pictureFormatSchema = z.enum(["jpeg", "png", "webp", "gif", "tiff", "avif"]);
export type PictureFormat = z.infer<typeof pictureFormatSchema>;

/** Facts measured once per picture and kept with it (spec orders §1). */
export const pictureFactsSchema = z.object({
  width: z.int().positive().describe("pixels, after EXIF orientation"),
  height: z.int().positive(),
  format: pictureFormatSchema,
  dpi: z.number().nullable(),
  bytes: z.int().positive(),
  sharpness: z.number().describe("variance of the Laplacian on a 512 px grey copy"),
  noise: z.number().describe("median absolute deviation of the high-pass, 0-255"),
  has_alpha: z.boolean(),
  dominant_colours: z.array(z.string()).describe("#rrggbb, largest share first"),
  flat_background: z
    .boolean()
    .describe("true when the border is one colour within a small tolerance, or was cut out before"),
});
export type PictureFacts = z.infer<typeof pictureFactsSchema>;

/** A picture that passed the one door. The id is the SHA-256 of the buyer's original bytes, in hex. */
export const pictureSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  clean_file: z.string().describe("content-addressed id of the re-encoded copy that may be shown to others"),
  facts: pictureFactsSchema,
  text: textEvidenceSchema.nullable().describe("null until OCR was asked for"),
  created_at: z.int(),
});
export type Picture = z.infer<typeof pictureSchema>;

/** Why the door did not take a picture; each has a sentence for the buyer in config/replies.yaml. */
export type PictureRefusal =
  | "unsupported-format"
  | "truncated"
  | "too-many-pixels"
  | "too-many-bytes"
  | "address-not-allowed"
  | "fetch-failed"
  | "unreadable";
