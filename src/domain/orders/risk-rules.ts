import { z } from "zod";
import { decisionSchema, serviceSchema } from "./service.ts";

const termsSchema = z.array(z.string().min(1)).describe("* stands for up to six characters");
const scoreSchema = z.int().min(0).max(100);
const wordsSchema = z.string().min(1).describe("for the buyer");

const outcomeSchema = z.strictObject({ decision: decisionSchema, score: scoreSchema, words: wordsSchema });

const documentGroupSchema = z.strictObject({
  id: z.string().min(1),
  terms: termsSchema,
  exact_terms: termsSchema.default([]).describe("too close to harmless words for homophones"),
  ocr_any: termsSchema.default([]).describe("one of these in a picture shows such a document"),
  ocr_several: z
    .strictObject({ need: z.int().min(2), of: termsSchema })
    .optional()
    .describe("harmless alone, a document together"),
  handling_services: z.array(serviceSchema).describe("services that leave the content as it is"),
});
export type DocumentGroup = z.infer<typeof documentGroupSchema>;

const wordRuleSchema = z.strictObject({
  id: z.string().min(1),
  class: z.string().min(1),
  ...outcomeSchema.shape,
  any: termsSchema.min(1),
  with: termsSchema.optional().describe("one of these must be there too"),
  without: termsSchema.optional().describe("none of these may be there"),
  exact: z.boolean().default(false).describe("no homophones"),
  in_pictures: z.boolean().default(false).describe("also looked for in the OCR text"),
  before_lookalikes: z.boolean().default(false),
  unless_ownership: z.boolean().default(false),
});
export type WordRule = z.infer<typeof wordRuleSchema>;

/** config/risk.yaml (spec orders §4), edited by the shop without code. */
export const riskRulesSchema = z.strictObject({
  folding: z.strictObject({
    characters: z.record(z.string(), z.string()).describe("a character and the one it stands for"),
    glyphs: z.record(
      z.string(),
      z.strictObject({
        sound: z
          .string()
          .regex(/^[a-z]+$/)
          .optional(),
        alike: z.string().default("").describe("characters that sound or look the same"),
        split: z.array(z.string()).default([]).describe("written as its parts"),
      }),
    ),
  }),
  lookalikes: termsSchema,
  lookalikes_without_work: termsSchema.describe("harmless only when no work on a picture is asked for"),
  ownership: z.strictObject({ stated: termsSchema, denied: termsSchema, not_denied: termsSchema }),
  documents: z.strictObject({
    product_endings: termsSchema,
    purpose_beginnings: termsSchema,
    handling_words: termsSchema,
    neutral_words: termsSchema.describe("contain a change word without meaning one"),
    change_words: termsSchema,
    groups: z.array(documentGroupSchema).min(1),
    changed: outcomeSchema,
    only_handled: outcomeSchema,
  }),
  word_rules: z.array(wordRuleSchema),
  situations: z.strictObject({
    too_small: outcomeSchema.extend({ min_side_px: z.int().positive(), max_factor: z.number().positive() }),
    too_late: outcomeSchema,
    contradictory: outcomeSchema,
    blacklisted: outcomeSchema,
    unpaid_quotes: outcomeSchema.extend({ from_count: z.int().positive() }),
    abusive: outcomeSchema,
    high_value: outcomeSchema.extend({ from_fen: z.int().nonnegative() }),
  }),
  model_flags: z.strictObject({ classes: z.record(z.string(), outcomeSchema), other: outcomeSchema }),
});
export type RiskRules = z.infer<typeof riskRulesSchema>;
