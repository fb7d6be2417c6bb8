import { z } from "zod";
import { decisionSchema, serviceSchema } from "./service.ts";

const termsSchema = z.array(z.string().min(1)).describe("* stands for up to six characters");
const patternSchema = z
  .string()
  .min(1)
  .refine((source) => isBounded(source), "a regular expression without * and +, so that it stays fast")
  .refine((source) => staysInLine(source), "[^…] must name \\n too: a pattern stays in its line");
const patternsSchema = z
  .array(patternSchema)
  .default([])
  .describe("regular expressions on the folded text: lower case, no spaces, no punctuation");
const scoreSchema = z.int().min(0).max(100);
const wordsSchema = z.string().min(1).describe("for the buyer");

const outcomeSchema = z.strictObject({ decision: decisionSchema, score: scoreSchema, words: wordsSchema });

const documentGroupSchema = z.strictObject({
  id: z.string().min(1),
  terms: termsSchema,
  exact_terms: termsSchema.default([]).describe("too close to harmless words for homophones"),
  patterns: patternsSchema,
  papers: z
    .strictObject({
      of: termsSchema.describe("a field of life that gives papers: 林权, 验光"),
      heads: termsSchema.describe("what kind of paper it gives: 证, 报告, 单子"),
      patterns: patternsSchema.describe("further names"),
    })
    .default({ of: [], heads: [], patterns: [] })
    .describe("names nobody listed; they count where something is changed or handled"),
  acts: patternsSchema.describe("what changes or copies just this kind, besides change_words: 抠 of a seal"),
  fields: termsSchema.default([]).describe("fields only such a document has: changing one changes it"),
  is_thing: z.boolean().default(true).describe("may also be named as a product or on a poster"),
  ocr_any: termsSchema.default([]).describe("one of these in a picture shows such a document"),
  ocr_several: z
    .strictObject({ need: z.int().min(2), of: termsSchema })
    .optional()
    .describe("harmless alone, a document together"),
  ocr_fields: z
    .array(z.strictObject({ need: z.int().min(2), of: termsSchema }))
    .default([])
    .describe("further families like ocr_several, each counted by itself"),
  handling_services: z.array(serviceSchema).describe("services that leave the content as it is"),
});
export type DocumentGroup = z.infer<typeof documentGroupSchema>;

const wordRuleSchema = z.strictObject({
  id: z.string().min(1),
  class: z.string().min(1),
  ...outcomeSchema.shape,
  any: termsSchema.default([]),
  patterns: patternsSchema,
  with: termsSchema.optional().describe("one of these must be there too"),
  without: termsSchema.optional().describe("none of these may be there"),
  without_patterns: patternsSchema,
  exact: z.boolean().default(false).describe("no homophones"),
  in_pictures: z.boolean().default(false).describe("also looked for in the OCR text"),
  before_lookalikes: z.boolean().default(false),
  negatable: z.boolean().default(false).describe("not what is warned of"),
  unless_ownership: z.boolean().default(false),
});
export type WordRule = z.infer<typeof wordRuleSchema>;

function isBounded(source: string): boolean {
  try {
    new RegExp(source, "u");
  } catch {
    return false;
  }
  return !/[*+]|\{\d+,\}/u.test(source.replaceAll(/\\./gu, ""));
}

function staysInLine(source: string): boolean {
  const excluding = source.match(/\[\^(?:\\.|[^\]\\])*\]/gsu) ?? [];
  return excluding.every((set) => set.includes("\\n") || set.includes("\n"));
}

/** config/risk.yaml (spec orders §4), edited by the shop without code. */
export const riskRulesSchema = z.strictObject({
  folding: z.strictObject({
    characters: z.record(z.string(), z.string()).describe("a character and the one it stands for"),
    traditional: z
      .string()
      .refine((pairs) => [...pairs.replace(/\s/gu, "")].length % 2 === 0, "must be pairs")
      .default("")
      .describe("pairs: a traditional character, then the simplified one"),
    emoji: z.record(z.string(), z.string()).default({}).describe("a picture used instead of a word"),
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
    syllables: z
      .record(z.string().regex(/^[a-z]+$/), z.string())
      .default({})
      .describe("a sound and the characters read so: each may be written as its sound or as another of them"),
    not_initials: z
      .array(z.string())
      .default([])
      .describe("first letters of a name that mean something else"),
    common: z.string().default("").describe("too frequent to stand for another character"),
  }),
  borders: z.strictObject({
    open: z.array(z.string()).describe("words that end a document's name"),
    unbroken: termsSchema.describe("a term that cuts one of these is there by accident"),
  }),
  lookalikes: termsSchema,
  lookalike_patterns: patternsSchema,
  lookalikes_without_work: termsSchema.describe("harmless only when no work on a picture is asked for"),
  ownership: z.strictObject({ stated: termsSchema, denied: termsSchema, not_denied: termsSchema }),
  documents: z.strictObject({
    product_endings: termsSchema,
    product_suffixes: z
      .record(z.string().length(1), z.string())
      .describe("one character that makes a thing to sell of a document, and those that may not follow it"),
    products: termsSchema.describe("beside these a named document is what the product is for"),
    purpose_beginnings: termsSchema,
    handling_words: termsSchema,
    handling_patterns: patternsSchema,
    neutral_patterns: patternsSchema.describe("no change: 不改, 别动"),
    neutral_words: termsSchema.describe("contain a change word without meaning one"),
    change_words: termsSchema,
    obtain_patterns: patternsSchema.describe("asks for one, unless it is only to be handled"),
    change_patterns: patternsSchema.describe(
      "做一份, 什么价, 金额1w: how a change or a new one is asked for",
    ),
    required_before: patternsSchema.describe("directly before the name, and nothing after it counts"),
    mentioned_before: patternsSchema.describe("directly before the name: 凭, 出示"),
    mentioned_after: patternsSchema.describe("directly after the name: 卡绳, 海报, 这几个字"),
    mentioned_for: patternsSchema.describe("directly after the name, what it is shown for: 入场, 半价"),
    worked_on_before: patternsSchema,
    worked_on_after: patternsSchema,
    paper_links: z.string().describe("characters that may stand between a field of life and its paper"),
    paper_heads: termsSchema.describe(
      "kinds of paper that any field of life has: up to three characters may stand between",
    ),
    paper_middles: termsSchema.describe("words that may stand between as well: 费用, 使用"),
    phrase_stops: patternsSchema.describe("verbs and pronouns: the phrase that begins with a name ends here"),
    places: z.strictObject({
      product_worked_on_before: patternsSchema.describe("before a name beside a product: it is the document"),
      product_worked_on_after: patternsSchema,
      container_before: patternsSchema.describe("放, 装: the name is what goes into a product"),
      product_contents_after: patternsSchema.describe("after a name that names a product: what is inside it"),
      product_heads: patternsSchema.describe("the phrase that begins with a name ends in a thing to sell"),
      portrait_heads: patternsSchema.describe("... or in a portrait"),
      line_before: patternsSchema.describe("before quotation marks: a line of text to be written"),
      line_after: patternsSchema,
      field_changed_before: patternsSchema,
      field_changed_after: patternsSchema,
    }),
    media: termsSchema.describe("printed matter that may name a document"),
    quoted_except: termsSchema.describe("in quotation marks and still meant"),
    ocr_title_fields: z
      .strictObject({ need: z.int().min(1), of: termsSchema })
      .describe("with so many of these, a paper's name that begins a picture's text is that paper"),
    adverts: termsSchema.describe("what a picture of a document does not say"),
    refusals: termsSchema
      .default([])
      .describe("a question of ours beside one of these asks about no document"),
    at_work: patternsSchema.describe("what we say so of is what the picture shows, asked or not"),
    talk: z
      .array(
        z.strictObject({
          groups: z.array(z.string()).min(1),
          about: patternsSchema,
          unless: patternsSchema,
        }),
      )
      .describe("about our own shop's papers and money, not about a picture"),
    groups: z.array(documentGroupSchema).min(1),
    changed: outcomeSchema,
    only_handled: outcomeSchema,
  }),
  word_rules: z.array(wordRuleSchema),
  negated_before: patternsSchema.describe("禁止, 远离: what follows is warned of"),
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
