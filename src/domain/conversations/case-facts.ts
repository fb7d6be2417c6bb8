import { z } from "zod";
import { serviceSchema } from "../orders/service.ts";

/** What is known about the case when a turn begins: given to whichever model answers, as JSON. */
export const caseFactsSchema = z.object({
  now: z.string(),
  customer: z.object({ id: z.string(), name: z.string().nullable() }),
  goods: z.string().nullable().default(null),
  pictures: z
    .array(z.object({ id: z.string(), width: z.int(), height: z.int(), new: z.boolean() }))
    .describe("pictures of the buyer; new: sent in this turn"),
  refused_pictures: z.array(z.object({ reason: z.string(), words: z.string() })).default([]),
  orders: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(["find", "process", "design"]),
      status: z.string(),
      words: z.string(),
      services: z.array(serviceSchema).default([]),
      total_fen: z.int().nullable(),
      candidates: z.int().default(0).describe("how many candidates the buyer may choose from"),
      pictures: z.array(z.string()).default([]),
      urgent: z.boolean().default(false),
    }),
  ),
  handoff: z.object({ reason: z.string(), status: z.string() }).nullable().default(null),
  last_bot: z.string().default("").describe("what we said last"),
  fired_tasks: z
    .array(z.string())
    .default([])
    .describe("messages that 天网 tasks have just sent: do not repeat them"),
  person_said: z
    .array(z.string())
    .default([])
    .describe("what a colleague told the buyer while holding the conversation"),
  task_prompt: z.string().optional(),
});
export type CaseFacts = z.infer<typeof caseFactsSchema>;
