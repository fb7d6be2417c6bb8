import { z } from "zod";
import { orderKindSchema, serviceSchema } from "../orders/service.ts";
import { CONTEXT_FLAGS } from "./context-flags.ts";
import { compilePattern, type WordGroups } from "./lexicon-pattern.ts";
import { intentSchema, lengthUnitSchema, outputFormatSchema, slotsSchema } from "./understanding.ts";

const patternSchema = z.string().min(1);
const conditionSchema = z
  .string()
  .regex(/^!?\w+(\|!?\w+)*$/u)
  .describe("a flag, !flag, or one|other");

const servicePatternSchema = z.union([
  patternSchema,
  z.strictObject({
    match: patternSchema,
    unless: patternSchema.optional(),
    when: z.array(conditionSchema).default([]),
    yields_to: z.array(serviceSchema).default([]).describe("not meant when one of these is asked for too"),
  }),
]);

const intentRuleSchema = z.strictObject({
  match: patternSchema.optional(),
  unless: patternSchema.optional(),
  when: z.array(conditionSchema).default([]),
  weight: z.number().min(1).max(100),
});

const exampleSchema = z.strictObject({
  said: z.string(),
  bot: z.string().default("").describe("what we had said before"),
  orders: z
    .array(
      z
        .string()
        .regex(/^\w+ \w+$/u)
        .transform((order) => {
          const [kind, status = ""] = order.split(" ");
          return { kind: orderKindSchema.parse(kind), status };
        }),
    )
    .default([])
    .describe("kind and status: find quoted"),
  image: z.boolean().default(false),
});

const hexSchema = z.string().regex(/^#[0-9a-f]{6}$/u);
const namedSizeSchema = z.strictObject({
  width: z.number().positive(),
  height: z.number().positive(),
  unit: lengthUnitSchema,
});

const lexiconShape = z.strictObject({
  words: z.record(z.string(), z.string()),
  traditional: z.record(z.string(), z.string()),
  pinyin: z.record(z.string(), z.string()),
  typos: z.array(z.strictObject({ from: patternSchema, to: z.string() })),
  emoji: z.record(z.string(), z.string()),
  fillers: z.array(patternSchema),
  negation: patternSchema.describe("right before a service's words it turns them off"),
  withdrawal: z
    .strictObject({
      scopes: z.array(patternSchema).describe("the groups are what is taken back"),
      refused: patternSchema.describe("a value that is not wanted: it is no value of the wish"),
      instead: patternSchema.describe("turns something down and says what is wanted instead"),
      rest_goes_on: patternSchema,
      put_off: patternSchema.describe("whatever else is said, nothing is wanted now"),
    })
    .describe("taking back a part of what was asked for"),
  question: patternSchema,
  bare_value: patternSchema,
  numbers: z.record(z.string(), z.number()),
  colours: z.record(z.string(), hexSchema),
  units: z.record(z.string(), z.strictObject({ unit: lengthUnitSchema, factor: z.number().positive() })),
  sizes: z.record(z.string(), namedSizeSchema),
  ratios: z.record(z.string(), z.strictObject({ w: z.number().positive(), h: z.number().positive() })),
  formats: z.record(z.string(), outputFormatSchema),
  rotations: z.array(z.strictObject({ match: patternSchema, degrees: z.number() })),
  flips: z.strictObject({ horizontal: patternSchema, vertical: patternSchema }),
  positions: z.array(
    z.strictObject({
      match: patternSchema,
      pick: z.int().describe("from 1; -1 is the last, 0 is all, -2 the middle"),
    }),
  ),
  urgency: z.strictObject({
    yes: patternSchema,
    no: patternSchema,
    ask: patternSchema,
    deadline: patternSchema,
    within: patternSchema.describe("named groups minutes, hours, half"),
    clock: patternSchema.describe("named groups hour, half"),
    afternoon: patternSchema.describe("an hour before noon is meant after it"),
    days: z.array(z.strictObject({ match: patternSchema, day: z.int().nonnegative() })),
    parts: z
      .array(z.strictObject({ match: patternSchema, hour: z.number().positive() }))
      .describe("when a part of the day is over, by the clock"),
  }),
  slots: z.strictObject({
    scale: patternSchema,
    size_between: patternSchema.describe("what stands between width and height"),
    width: patternSchema,
    height: patternSchema,
    ratio_between: patternSchema,
    dpi: z.array(patternSchema),
    degrees: patternSchema,
    counter_clockwise: patternSchema,
    pictures: patternSchema,
    colour: patternSchema.describe("group 1 is the colour's name"),
    tones: z.array(z.strictObject({ match: patternSchema, tone: slotsSchema.shape.tone.unwrap() })),
    straighten: patternSchema,
    max_kb: z.array(patternSchema).describe("named groups kb, mb"),
    only_colour: patternSchema.describe("a colour and nothing else; group 1 is its name"),
    background_cut: patternSchema.describe("cutting out without naming a background means transparent"),
    background_white: patternSchema,
    background_transparent: patternSchema,
    background_colour: patternSchema.describe("the group that matched is the colour's name"),
    add_text: z.array(patternSchema).describe("group 1 is the text to put on the picture"),
    remove_text: patternSchema,
    ownership: patternSchema,
    shop_rules: patternSchema,
    how_long: patternSchema,
    order_ref: patternSchema,
    search_noise: z.array(patternSchema),
    pick_number: patternSchema.describe("group 1 is the number of a candidate"),
  }),
  bot: z
    .object({
      bot_quote: patternSchema,
      bot_candidates: patternSchema,
      bot_ask_picture: patternSchema,
      bot_ask: patternSchema,
      bot_delivered: patternSchema,
      bot_working: patternSchema,
      bot_ask_yes: patternSchema.describe("we said what happens on a yes"),
      bot_ask_urgent: patternSchema.describe("we asked whether it is urgent"),
      bot_ask_find: patternSchema.describe("we asked what to look for"),
    })
    .catchall(patternSchema)
    .describe("flags of what we said last, usable in when"),
  choice: z
    .strictObject({
      between: patternSchema,
      nth: patternSchema.describe("group 1 is the number or letter"),
      first: patternSchema,
      last: patternSchema,
    })
    .describe("one of the things we asked about, named by its place or label"),
  signals: z
    .looseObject({
      answer: z.array(patternSchema).describe("a plain yes to what we asked"),
      answer_urgent: z
        .array(patternSchema)
        .describe("yes to whether it is urgent; the price has words of its own"),
      answer_not_urgent: z.array(patternSchema),
      value_of_offer: z.array(patternSchema).describe("a value alone: of what was offered or is being done"),
      injection: z.array(patternSchema).describe("speaks to the system and changes none of its rules"),
      no_person: z.array(patternSchema).describe("names a person without wishing for one"),
      works: z.array(patternSchema).describe("says to do something, not what to look for"),
    })
    .catchall(z.array(patternSchema))
    .describe("flags of our own, usable in when"),
  beside_the_point: z
    .array(patternSchema)
    .describe("clauses spoken to the system or of others' consent: left out when anything else is said"),
  services: z.partialRecord(serviceSchema, z.array(servicePatternSchema)),
  intents: z.partialRecord(intentSchema, z.array(intentRuleSchema)),
  examples: z
    .partialRecord(intentSchema, z.array(exampleSchema))
    .default({})
    .describe("messages and what they meant: likeness to them is weighed together with the rules"),
});

/** The lexicon of config/playbook.yaml. A wrong expression or flag is reported with the path of its entry. */
export const playbookLexiconSchema = lexiconShape.superRefine((lexicon, context) => {
  const report = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  checkPatterns(lexicon, lexicon.words, [], report);
  checkConditions(lexicon, report);
});
export type PlaybookLexicon = z.infer<typeof playbookLexiconSchema>;

type Report = (path: PropertyKey[], message: string) => void;

// Every string is compiled, also plain words: a stray bracket in either would be a mistake.
function checkPatterns(value: unknown, groups: WordGroups, path: PropertyKey[], report: Report): void {
  if (typeof value === "string") {
    if (path[0] === "emoji" || path.at(-1) === "to" || path[0] === "pinyin") return;
    try {
      compilePattern(value, groups);
    } catch (error) {
      report(path, `不是有效的写法「${value}」: ${error instanceof Error ? error.message : String(error)}`);
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (key !== "when" && key !== "examples") checkPatterns(child, groups, [...path, key], report);
  }
}

function checkConditions(lexicon: z.infer<typeof lexiconShape>, report: Report): void {
  const known = new Set<string>([
    ...CONTEXT_FLAGS,
    ...Object.keys(lexicon.bot),
    ...Object.keys(lexicon.signals),
  ]);
  const check = (conditions: string[], path: PropertyKey[]) => {
    for (const flag of conditions.flatMap((condition) => condition.split("|"))) {
      const name = flag.replace("!", "");
      if (!known.has(name)) report(path, `没有这个条件「${name}」`);
    }
  };
  for (const [intent, rules] of Object.entries(lexicon.intents)) {
    rules.forEach((rule, index) => {
      check(rule.when, ["intents", intent, index, "when"]);
    });
  }
  for (const [service, patterns] of Object.entries(lexicon.services)) {
    patterns.forEach((pattern, index) => {
      if (typeof pattern !== "string") check(pattern.when, ["services", service, index, "when"]);
    });
  }
}
