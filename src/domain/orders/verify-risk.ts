import { accept, type Result, refuse } from "../result.ts";
import { checksumOf } from "./checksum.ts";
import type { RiskCertificate } from "./risk-certificate.ts";

export type RiskDefect =
  | "checksum-differs"
  | "decision-differs"
  | "score-differs"
  | "evidence-missing"
  | "situation-differs"
  | "flag-dropped"
  | "cleared-without-ownership";

/**
 * Recomputes a risk decision from its certificate alone: decision and score from the matched rules, the measured
 * rules (size, deadline, buyer, money) from the inputs, and that no evidence was invented and no flag lost. Which
 * words match is the lexicon's business and is not judged again here.
 */
export function verifyRisk(certificate: RiskCertificate): Result<true, RiskDefect> {
  const { checksum, ...content } = certificate;
  const { input, assessment } = certificate;
  const decisions = new Set(assessment.reasons.map((reason) => reason.decision));
  const decision = decisions.has("reject") ? "reject" : decisions.has("review") ? "review" : "accept";
  let score = 0;
  for (const reason of assessment.reasons) score = Math.min(100, score + reason.score);

  if (assessment.decision !== decision) return refuse("decision-differs");
  if (assessment.score !== score) return refuse("score-differs");
  if (!sameSituations(certificate)) return refuse("situation-differs");
  const flags = assessment.reasons.filter((reason) => reason.rule.startsWith("model:"));
  const isEveryFlagKept =
    flags.length === input.model_flags.length &&
    input.model_flags.every((flag, index) => {
      const kept = flags[index];
      return kept?.rule === `model:${flag.class}` && kept.evidence === flag.why;
    });
  if (!isEveryFlagKept) return refuse("flag-dropped");
  if (assessment.cleared.length > 0 && !input.ownership_stated) return refuse("cleared-without-ownership");
  const isQuoted = (evidence: string) =>
    input.words.includes(evidence) ||
    (input.asked ?? "").includes(evidence) ||
    evidence.split(" ").every((part) => input.ocr_text.includes(part));
  const textual = [...assessment.reasons.filter((reason) => isTextRule(reason.rule)), ...assessment.cleared];
  if (!textual.every((reason) => isQuoted(reason.evidence))) return refuse("evidence-missing");
  return checksum === checksumOf(content) ? accept(true) : refuse("checksum-differs");
}

const SITUATIONS = [
  "too_small",
  "too_late",
  "contradictory_plan",
  "blacklisted",
  "unpaid_quotes",
  "abusive",
  "high_value",
];

function isTextRule(rule: string): boolean {
  return !rule.startsWith("model:") && !SITUATIONS.includes(rule);
}

function sameSituations({ input, assessment, thresholds }: RiskCertificate): boolean {
  const { buyer, deadline_ms, earliest_finish_ms } = input;
  const isSmall =
    (input.enlarge_factor ?? 1) > thresholds.max_factor &&
    input.pictures.some(
      (picture) => picture.width < thresholds.min_side_px || picture.height < thresholds.min_side_px,
    );
  const expected: Record<string, boolean> = {
    too_small: isSmall,
    too_late: (deadline_ms ?? Number.POSITIVE_INFINITY) < (earliest_finish_ms ?? Number.NEGATIVE_INFINITY),
    contradictory_plan: (input.contradictions ?? []).length > 0,
    blacklisted: buyer.blacklisted,
    unpaid_quotes: buyer.unpaid_quotes_7d >= thresholds.unpaid_from_count,
    abusive: buyer.abusive,
    high_value: (input.total_fen ?? -1) >= thresholds.high_value_from_fen,
  };
  return SITUATIONS.every(
    (rule) => assessment.reasons.some((reason) => reason.rule === rule) === expected[rule],
  );
}
