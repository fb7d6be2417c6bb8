import { z } from "zod";
import { type Decision, decisionSchema, serviceSchema } from "../../src/domain/orders/service.ts";
import {
  type Intent,
  intentSchema,
  type UnderstandInput,
  type Understanding,
  understandInputSchema,
} from "../../src/domain/understanding/understanding.ts";

/** A labelled message; the conventions are in README.md beside the sets. */
export const labelledLineSchema = understandInputSchema.extend({
  id: z.string(),
  expect: z.object({
    intent: intentSchema,
    services: z.array(serviceSchema),
    withdrawn: z.array(serviceSchema).default([]),
    risk: decisionSchema,
  }),
});
export type LabelledLine = z.infer<typeof labelledLineSchema>;

export type SetScore = {
  lines: number;
  intentAccuracy: number;
  servicesAccuracy: number;
  withdrawnAccuracy: number;
  risk: {
    accuracy: number;
    toReject: number;
    rejected: number;
    /** Accepted or reviewed by right, rejected by us. */
    wronglyRejected: number;
    toReview: number;
    /** Reviewed or rejected: not passed unseen. */
    reviewed: number;
  };
  /** Greetings answered by handing over to a person. */
  greetingsToHandoff: number;
  /** `expected -> got` with how often, most frequent first. */
  confusions: { pair: string; count: number }[];
  wrongIds: string[];
};

export function parseSet(jsonLines: string): LabelledLine[] {
  return jsonLines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => labelledLineSchema.parse(JSON.parse(line)));
}

/** Runs a set and counts; services must be the exact set, the order does not matter. */
export function scoreSet(
  lines: LabelledLine[],
  understand: (input: UnderstandInput) => Understanding,
  assess: (line: LabelledLine, understanding: Understanding) => Decision,
): SetScore {
  const confusions = new Map<string, number>();
  const wrongIds: string[] = [];
  const right = { intent: 0, services: 0, withdrawn: 0, risk: 0 };
  const risks = { toReject: 0, rejected: 0, wronglyRejected: 0, toReview: 0, reviewed: 0 };
  let greetingsToHandoff = 0;

  for (const line of lines) {
    const understanding = understand(inputOf(line));
    const { intent, services, withdrawn, risk } = line.expect;
    const intentRight = understanding.intent === intent;
    const servicesRight = sameSet(understanding.services, services);
    if (intentRight) right.intent += 1;
    else count(confusions, intent, understanding.intent);
    // Turning down the whole takes nothing back from it.
    const withdrawnRight = intent !== "add_demand" || sameSet(understanding.withdrawn, withdrawn);
    if (servicesRight) right.services += 1;
    if (withdrawnRight) right.withdrawn += 1;
    const decision = assess(line, understanding);
    if (decision === risk) right.risk += 1;
    if (risk === "reject") {
      risks.toReject += 1;
      if (decision === "reject") risks.rejected += 1;
    } else if (decision === "reject") risks.wronglyRejected += 1;
    if (risk === "review") {
      risks.toReview += 1;
      if (decision !== "accept") risks.reviewed += 1;
    }
    if (intent === "greeting" && understanding.intent === "handoff") greetingsToHandoff += 1;
    if (!intentRight || !servicesRight || !withdrawnRight) wrongIds.push(line.id);
  }

  return {
    lines: lines.length,
    intentAccuracy: right.intent / lines.length,
    servicesAccuracy: right.services / lines.length,
    withdrawnAccuracy: right.withdrawn / lines.length,
    risk: { accuracy: right.risk / lines.length, ...risks },
    greetingsToHandoff,
    confusions: [...confusions]
      .map(([pair, times]) => ({ pair, count: times }))
      .sort((a, b) => b.count - a.count),
    wrongIds,
  };
}

// The labels stay out of what is understood.
function inputOf({ text, has_image, ocr_text, context }: LabelledLine): UnderstandInput {
  return {
    text,
    has_image,
    ...(ocr_text === undefined ? {} : { ocr_text }),
    ...(context === undefined ? {} : { context }),
  };
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item) => other.includes(item));
}

function count(confusions: Map<string, number>, expected: Intent, got: Intent): void {
  const pair = `${expected} -> ${got}`;
  confusions.set(pair, (confusions.get(pair) ?? 0) + 1);
}
