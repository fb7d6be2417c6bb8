import { z } from "zod";
import { assessRisk, type RiskInput, riskAssessmentSchema, riskInputSchema } from "./assess-risk.ts";
import { checksumOf } from "./checksum.ts";
import type { RiskRules } from "./risk-rules.ts";

/** An accept or decline that explains itself: what was known, which rules matched on what, what followed. */
export const riskCertificateSchema = z.strictObject({
  id: z.string().min(1),
  issued_at: z.int().describe("UTC ms"),
  input: riskInputSchema,
  assessment: riskAssessmentSchema,
  thresholds: z
    .strictObject({
      min_side_px: z.int(),
      max_factor: z.number(),
      unpaid_from_count: z.int(),
      high_value_from_fen: z.int(),
    })
    .describe("the measures the situation rules went by"),
  rules_version: z.string().min(1).describe("hash of config/risk.yaml"),
  checksum: z.string(),
});
export type RiskCertificate = z.infer<typeof riskCertificateSchema>;

export function issueRiskCertificate(issue: {
  id: string;
  input: RiskInput;
  rules: RiskRules;
  rulesVersion: string;
  /** UTC ms */
  now: number;
}): RiskCertificate {
  const { too_small, unpaid_quotes, high_value } = issue.rules.situations;
  const certificate = {
    id: issue.id,
    issued_at: issue.now,
    input: issue.input,
    assessment: assessRisk(issue.input, issue.rules),
    thresholds: {
      min_side_px: too_small.min_side_px,
      max_factor: too_small.max_factor,
      unpaid_from_count: unpaid_quotes.from_count,
      high_value_from_fen: high_value.from_fen,
    },
    rules_version: issue.rulesVersion,
  };
  return { ...certificate, checksum: checksumOf(certificate) };
}
