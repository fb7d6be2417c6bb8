import type { RiskReason } from "../domain/orders/assess-risk.ts";
import type { RiskCertificate } from "../domain/orders/risk-certificate.ts";
import type { Say } from "../domain/replies.ts";

/**
 * What may not be done, or not before a person has looked. A reason is a whole sentence, apology and all; without one
 * there is a general sentence. A refusal needs one reason, the gravest: a second would only apologise again.
 */
export function riskWords(
  decision: "rejected" | "review",
  risk: Pick<RiskCertificate, "assessment"> | null,
  say: Say,
): string {
  const asked = decision === "rejected" ? "reject" : "review";
  const because = (risk?.assessment.reasons ?? [])
    .filter((reason) => reason.decision === asked)
    .sort((one, other) => other.score - one.score);
  const [gravest, ...others] = distinctWords(because);
  if (gravest === undefined) return decision === "rejected" ? say("risk_rejected") : say("risk_review");
  if (decision === "rejected") return gravest;
  return [gravest, ...others.map((why) => say("risk_also", { why }))].join("\n");
}

function distinctWords(reasons: readonly RiskReason[]): string[] {
  return [...new Set(reasons.map(({ words }) => words))];
}
