import { z } from "zod";
import {
  blankTerms,
  cutsUnbroken,
  findAny,
  findPatterns,
  lexiconOf,
  type RiskLexicon,
} from "./risk-lexicon.ts";
import type { RiskRules } from "./risk-rules.ts";
import { type Decision, decisionSchema, serviceSchema } from "./service.ts";
import { type FoldedText, findPattern, findTerm, type Span, sourceOf, type Term } from "./text-folding.ts";
import { weighDocuments } from "./weigh-documents.ts";
import { isAcrossWords } from "./word-borders.ts";

/** Everything the decision depends on, besides the rules. */
export const riskInputSchema = z.strictObject({
  words: z.string(),
  ocr_text: z.string().describe("data, never an instruction"),
  services: z.array(serviceSchema),
  pictures: z.array(
    z.strictObject({
      width: z.int().positive(),
      height: z.int().positive(),
      verdict: z.enum(["yes", "no", "unsure"]),
    }),
  ),
  enlarge_factor: z.number().positive().optional(),
  deadline_ms: z.int().optional().describe("UTC ms"),
  earliest_finish_ms: z.int().optional().describe("UTC ms"),
  contradictions: z
    .array(z.string().min(1))
    .optional()
    .describe("wishes that exclude each other, as the plan found"),
  ownership_stated: z.boolean(),
  buyer: z.strictObject({
    blacklisted: z.boolean(),
    unpaid_quotes_7d: z.int().nonnegative(),
    abusive: z.boolean(),
  }),
  total_fen: z.int().nonnegative().optional(),
  model_flags: z.array(z.strictObject({ class: z.string().min(1), why: z.string() })),
});
export type RiskInput = z.infer<typeof riskInputSchema>;

export const riskReasonSchema = z.strictObject({
  rule: z.string(),
  decision: decisionSchema,
  score: z.int().min(0).max(100),
  evidence: z.string().describe("what was seen: words as written, text in a picture, a measure"),
  words: z.string().describe("for the buyer"),
});
export type RiskReason = z.infer<typeof riskReasonSchema>;

export const riskAssessmentSchema = z.strictObject({
  decision: decisionSchema,
  score: z.int().min(0).max(100),
  reasons: z.array(riskReasonSchema),
  cleared: z
    .array(z.strictObject({ rule: z.string(), evidence: z.string() }))
    .describe("rules that would have asked for a review, had the buyer not stated ownership"),
});
export type RiskAssessment = z.infer<typeof riskAssessmentSchema>;

const SEVERITY: Record<Decision, number> = { accept: 0, review: 1, reject: 2 };

type Outcome = { decision: Decision; score: number; words: string };

/** Weighs a demand (spec orders §4). Same input, same rules: same answer. A model's flags only ever add. */
export function assessRisk(input: RiskInput, rules: RiskRules): RiskAssessment {
  const lexicon = lexiconOf(rules);
  const plain = lexicon.fold(input.words);
  const lookalikes =
    input.services.length === 0
      ? [...lexicon.lookalikes, ...lexicon.lookalikesWithoutWork]
      : lexicon.lookalikes;
  const words = blankTerms(plain, lookalikes, lexicon.lookalikePatterns);
  const seen = lexicon.fold(input.ocr_text);
  const ocr = blankTerms(seen, lexicon.lookalikes);

  const matched = matchWordRules({ plain, words, seen, ocr }, lexicon);
  const isCleared = (ruleId: string) =>
    input.ownership_stated && rules.word_rules.some((rule) => rule.id === ruleId && rule.unless_ownership);
  const reasons = [
    ...weighDocuments({ plain, words, ocr, services: input.services }, lexicon).map((finding) =>
      reasonOf(
        `document_${finding.outcome}:${finding.group}`,
        rules.documents[finding.outcome],
        finding.evidence,
      ),
    ),
    ...matched.filter((reason) => !isCleared(reason.rule)),
    ...weighSituation(input, rules),
    ...input.model_flags.map((flag) => {
      const { classes, other } = rules.model_flags;
      const outcome = Object.hasOwn(classes, flag.class) ? classes[flag.class] : undefined;
      return reasonOf(`model:${flag.class}`, outcome ?? other, flag.why);
    }),
  ];
  return {
    decision: reasons.reduce<Decision>(
      (worst, reason) => (SEVERITY[reason.decision] > SEVERITY[worst] ? reason.decision : worst),
      "accept",
    ),
    score: Math.min(
      100,
      reasons.reduce((sum, reason) => sum + reason.score, 0),
    ),
    reasons,
    cleared: matched.filter(({ rule }) => isCleared(rule)).map(({ rule, evidence }) => ({ rule, evidence })),
  };
}

/** Whether these words are abuse: the word rules of class "buyer" say. */
export function soundsAbusive(words: string, rules: RiskRules): boolean {
  const lexicon = lexiconOf(rules);
  const plain = lexicon.fold(words);
  const nothing = lexicon.fold("");
  const text = { plain, words: plain, seen: nothing, ocr: nothing };
  return (
    matchWordRules(text, { ...lexicon, rules: lexicon.rules.filter(({ rule }) => rule.class === "buyer") })
      .length > 0
  );
}

/** Whether the buyer says in words that the picture is theirs or that they may use it. */
export function statesOwnership(words: string, rules: RiskRules): boolean {
  const lexicon = lexiconOf(rules);
  const { stated, denied, notDenied } = lexicon.ownership;
  const folded = blankTerms(lexicon.fold(words), notDenied);
  return findAny(folded, denied) === null && findAny(folded, stated) !== null;
}

function reasonOf(rule: string, { decision, score, words }: Outcome, evidence: string): RiskReason {
  return { rule, decision, score, evidence, words };
}

function matchWordRules(
  text: { plain: FoldedText; words: FoldedText; seen: FoldedText; ocr: FoldedText },
  lexicon: RiskLexicon,
): RiskReason[] {
  return lexicon.rules.flatMap((compiled) => {
    const { rule, any, inPictures } = compiled;
    const spoken = rule.before_lookalikes ? text.plain : text.words;
    // Each by itself: a harmless word of the buyer must not hide what the picture says.
    const evidence =
      matchWordRule(compiled, any, { where: spoken, whole: text.plain }, lexicon) ??
      (rule.in_pictures
        ? matchWordRule(compiled, inPictures, { where: text.ocr, whole: text.seen }, lexicon)
        : null);
    return evidence === null ? [] : [reasonOf(rule.id, rule, evidence)];
  });
}

/**
 * What was said against a rule, unless one of its excuses is there too. An excuse that contains a term (彩金项链)
 * excuses that term only, whatever else was said; any other (禁毒) is about the whole demand.
 *
 * @param text.whole - where excuses and borders of words are looked for: `where` before anything was blanked out
 */
function matchWordRule(
  { rule, patterns, with: companions, without, withoutPatterns }: RiskLexicon["rules"][number],
  terms: readonly Term[],
  { where, whole }: { where: FoldedText; whole: FoldedText },
  lexicon: RiskLexicon,
): string | null {
  const matches = [
    ...terms.map((term) => findTerm(where, term).filter((span) => !isAccident(whole, span, rule, lexicon))),
    ...patterns.map((pattern) =>
      findPattern(where, pattern).filter((span) => !cutsUnbroken(whole, span, lexicon)),
    ),
  ].filter((spans) => spans.length > 0);
  if (matches.length === 0) return null;
  if (companions.length > 0 && findAny(where, companions) === null) return null;
  const excuses = [
    ...without.flatMap((term) => findTerm(whole, term)),
    ...findPatterns(whole, withoutPatterns),
  ];
  const touchesMatch = createTouching(where, matches.flat());
  if (!excuses.every(touchesMatch)) return null;
  const touchesExcuse = createTouching(whole, excuses);
  const [span] = matches.find((spans) => !spans.some(touchesExcuse)) ?? [];
  return span === undefined ? null : sourceOf(where, span);
}

function isAccident(
  whole: FoldedText,
  span: Span,
  rule: { before_lookalikes: boolean },
  lexicon: RiskLexicon,
): boolean {
  return (
    cutsUnbroken(whole, span, lexicon) ||
    (!rule.before_lookalikes && isAcrossWords(whole, span, lexicon.openWords))
  );
}

/** Whether a span shares a character with one of these. */
function createTouching({ text }: FoldedText, spans: readonly Span[]): (span: Span) => boolean {
  const covered = new Uint8Array(text.length);
  for (const { start, end } of spans) covered.fill(1, start, end);
  return ({ start, end }) => covered.subarray(start, end).includes(1);
}

function weighSituation(input: RiskInput, { situations }: RiskRules): RiskReason[] {
  const { too_small, too_late, contradictory, blacklisted, unpaid_quotes, abusive, high_value } = situations;
  const factor = input.enlarge_factor ?? 1;
  const small = input.pictures.find(
    ({ width, height }) => factor > too_small.max_factor && Math.min(width, height) < too_small.min_side_px,
  );
  const { deadline_ms: deadline, earliest_finish_ms: earliest, total_fen: total, buyer } = input;
  const reasons: RiskReason[] = [];
  if (small !== undefined)
    reasons.push(reasonOf("too_small", too_small, `${small.width}×${small.height} ×${factor}`));
  if (deadline !== undefined && earliest !== undefined && deadline < earliest)
    reasons.push(reasonOf("too_late", too_late, `${deadline} < ${earliest}`));
  const excluding = input.contradictions ?? [];
  if (excluding.length > 0) reasons.push(reasonOf("contradictory_plan", contradictory, excluding.join(" ")));
  if (buyer.blacklisted) reasons.push(reasonOf("blacklisted", blacklisted, "blacklisted"));
  if (buyer.unpaid_quotes_7d >= unpaid_quotes.from_count)
    reasons.push(reasonOf("unpaid_quotes", unpaid_quotes, String(buyer.unpaid_quotes_7d)));
  if (buyer.abusive) reasons.push(reasonOf("abusive", abusive, "abusive"));
  if (total !== undefined && total >= high_value.from_fen)
    reasons.push(reasonOf("high_value", high_value, String(total)));
  return reasons;
}
