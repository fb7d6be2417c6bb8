import { z } from "zod";
import { openingHoursSchema } from "./handoffs/handoff.ts";

/** config/replies.yaml: every sentence a buyer reads, and when people are at work. */
export const repliesSchema = z.object({
  hours: openingHoursSchema,
  texts: z.record(z.string(), z.string().min(1)),
  promises: z
    .array(
      z.object({
        words: z.array(z.string().min(1)).min(1),
        needs: z.enum([
          "handoff",
          "order",
          "accepted_order",
          "delivered_order",
          "cancelled_order",
          "dispatched_order",
          "ticket",
        ]),
      }),
    )
    .default([])
    .describe("a model's words that promise a state go out only if that state exists"),
});
export type RepliesConfig = z.infer<typeof repliesSchema>;

export type Say = (key: string, values?: Record<string, string | number>) => string;

/** Fills a sentence's {slots}. Throws on an unknown key: a missing sentence is our bug, found by the config test. */
export function createSay(texts: Record<string, string>): Say {
  return (key, values = {}) => {
    const text = texts[key];
    if (text === undefined) throw new Error(`no reply text for ${key}`);
    return text.replace(/\{(\w+)\}/gu, (whole, slot: string) => String(values[slot] ?? whole));
  };
}

/** 2550 fen -> "25.5" */
export function yuan(fen: number): string {
  return String(Math.round(fen) / 100);
}
