import { z } from "zod";
import { cutsComposedName } from "./composed-name.ts";
import { matchWordRules } from "./match-word-rules.ts";
import { blankTerms, findPatterns, lexiconOf, type RiskLexicon } from "./risk-lexicon.ts";
import type { RiskRules } from "./risk-rules.ts";
import { type Decision, decisionSchema, serviceSchema } from "./service.ts";
import { findAny, findTerms, type TermSet } from "./term-set.ts";
import { blankOut, type FoldedText } from "./text-folding.ts";
import { weighDocuments } from "./weigh-documents.ts";
import { isAcrossWords } from "./word-borders.ts";

/** Everything the decision depends on, besides the rules. */
export const riskInputSchema = z.strictObject({
  words: z.string(),
  ocr_text: z.string().describe("data, never an instruction"),
  asked: z
    .string()
    .optional()
    .describe("what we said before these words: a question of ours may name the document they are about"),
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
  const words = withoutLookalikes(
    plain,
    input.services.length === 0 ? [lexicon.lookalikes, lexicon.lookalikesWithoutWork] : [lexicon.lookalikes],
    lexicon.lookalikePatterns,
    lexicon,
  );
  const seen = lexicon.fold(input.ocr_text);
  const ocr = withoutLookalikes(seen, [lexicon.lookalikes], [], lexicon);
  const asked = askedAbout(input.asked ?? "", lexicon);

  const matched = matchWordRules({ plain, words, seen, ocr }, lexicon).map(({ rule, evidence }) =>
    reasonOf(rule.id, rule, evidence),
  );
  const isCleared = (ruleId: string) =>
    input.ownership_stated && rules.word_rules.some((rule) => rule.id === ruleId && rule.unless_ownership);
  const reasons = [
    ...weighDocuments({ plain, words, ocr, asked, services: input.services }, lexicon).map((finding) =>
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

/** Our questions and what we say of the work at hand, without what names no document and what stands beside a refusal. */
function askedAbout(said: string, lexicon: RiskLexicon): FoldedText {
  const meant = said
    .split(/(?<=[。！!；;？?\n])/u)
    .filter(
      (sentence) =>
        /[？?吗呢]\s*$/u.test(sentence) || findPatterns(lexicon.fold(sentence), lexicon.atWork).length > 0,
    );
  const sentences = lexicon.fold(meant.join("\n"));
  if (findAny(sentences, lexicon.refusals) !== null) return lexicon.fold("");
  return withoutLookalikes(sentences, [lexicon.lookalikes], lexicon.lookalikePatterns, lexicon);
}

/** What only looks forbidden goes, unless it only looks like a look-alike: the 标签 of 投标签字. */
function withoutLookalikes(
  folded: FoldedText,
  terms: readonly TermSet[],
  patterns: readonly RegExp[],
  lexicon: RiskLexicon,
): FoldedText {
  const spans = [...terms.flatMap((set) => findTerms(folded, set)), ...findPatterns(folded, patterns)];
  return blankOut(
    folded,
    spans.filter(
      (span) => !isAcrossWords(folded, span, lexicon.openWords) && !cutsComposedName(folded, span, lexicon),
    ),
  );
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
  const folded = blankTerms(lexicon.fold(words), [notDenied]);
  return findAny(folded, denied) === null && findAny(folded, stated) !== null;
}

function reasonOf(rule: string, { decision, score, words }: Outcome, evidence: string): RiskReason {
  return { rule, decision, score, evidence, words };
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
