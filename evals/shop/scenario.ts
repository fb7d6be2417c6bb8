import { z } from "zod";
import { handoffReasonSchema } from "../../src/domain/handoffs/handoff.ts";
import { orderStatusSchema } from "../../src/domain/orders/order-status.ts";
import { orderKindSchema } from "../../src/domain/orders/service.ts";

/** What a buyer sends in one turn. Pictures are generated: photo:3, screenshot:3, white:5, text:HELLO, broken. */
const turnSchema = z.object({
  say: z.array(z.string()).default([]),
  pictures: z.array(z.string().regex(/^(photo|screenshot|white|text):\w[\w ]*$|^broken$/)).default([]),
  /** A colleague confirms the order that waits for a person. */
  person_confirms: z.boolean().default(false),
});

/** A case in the τ-bench shape: who the buyer is, what they say, and the records that must be there at the end. */
export const scenarioSchema = z.object({
  id: z.string(),
  title: z.string(),
  buyer: z.object({ blacklisted: z.boolean().default(false) }).default({ blacklisted: false }),
  turns: z.array(turnSchema).min(1),
  expect: z.object({
    orders: z.array(
      z.object({
        kind: orderKindSchema,
        status: orderStatusSchema,
        total_fen: z.int().nullable().optional(),
        revisions: z.int().optional(),
      }),
    ),
    handoffs: z.array(handoffReasonSchema).default([]),
    said: z.array(z.string()).default([]).describe("must be said"),
    never_said: z.array(z.string()).default([]),
    tools: z.array(z.string()).optional().describe("exactly these tools, in order, over all turns"),
    replies: z.int().optional(),
  }),
});
export type Scenario = z.infer<typeof scenarioSchema>;
export type Expectation = Scenario["expect"];

/** What was there when a scenario had been played. */
export const outcomeSchema = z.object({
  orders: z.array(
    z.object({
      kind: orderKindSchema,
      status: orderStatusSchema,
      total_fen: z.int().nullable(),
      revisions: z.int(),
    }),
  ),
  handoffs: z.array(handoffReasonSchema),
  replies: z.array(z.string()),
  tools: z.array(z.string()),
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** The differences between what is and what should be; records first, words after. Empty: right. */
export function judge(outcome: Outcome, expected: Expectation): string[] {
  const problems: string[] = [];
  if (outcome.orders.length !== expected.orders.length)
    problems.push(`${outcome.orders.length} orders instead of ${expected.orders.length}`);
  expected.orders.forEach((order, at) => {
    const found = outcome.orders[at];
    for (const key of ["kind", "status", "total_fen", "revisions"] as const)
      if (order[key] !== undefined && found?.[key] !== order[key])
        problems.push(`order ${at + 1}: ${key} is ${String(found?.[key])} instead of ${String(order[key])}`);
  });
  if ([...outcome.handoffs].sort().join() !== [...expected.handoffs].sort().join())
    problems.push(`handoffs are [${outcome.handoffs.join()}] instead of [${expected.handoffs.join()}]`);
  const words = outcome.replies.join("\n");
  for (const must of expected.said)
    if (!words.includes(must)) problems.push(`never said ${must}: ${words.slice(0, 200)}`);
  for (const mustNot of expected.never_said) if (words.includes(mustNot)) problems.push(`said ${mustNot}`);
  if (expected.tools !== undefined && outcome.tools.join() !== expected.tools.join())
    problems.push(`tools were ${outcome.tools.join()} instead of ${expected.tools.join()}`);
  if (expected.replies !== undefined && outcome.replies.length !== expected.replies)
    problems.push(`${outcome.replies.length} replies instead of ${expected.replies}`);
  return problems;
}
