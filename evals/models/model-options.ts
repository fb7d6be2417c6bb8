import { z } from "zod";
import { accept, type Result, refuse } from "../../src/domain/result.ts";
import { type Env, OPENAI_URL } from "../../src/env.ts";
import type { RealModel } from "../scenarios/stage.ts";
import type { Terms } from "./meter.ts";

export type ModelOptions = {
  model: Omit<RealModel, "baseUrl">;
  judge: string | null;
  terms: Terms;
  /** The pass^1 that is enough, 0-1. */
  least: number;
};

/** openai/NAME, without what comes before the name. */
export const modelNameSchema = z
  .string()
  .regex(
    /^openai\/\S+$/u,
    "must be openai/NAME: any endpoint that speaks OpenAI's protocol, at OPENAI_BASE_URL",
  )
  .transform((name) => name.slice("openai/".length));
const optionsSchema = z.object({
  model: modelNameSchema,
  judge: modelNameSchema.optional(),
  budget: z.coerce.number().positive().optional(),
  price: z
    .string()
    .regex(/^\d+(\.\d+)?,\d+(\.\d+)?$/u, "must be IN,OUT: what a million tokens cost")
    .transform((both) => both.split(",").map(Number)),
  concurrency: z.coerce.number().int().min(1).max(16),
  tries: z.coerce.number().int().min(1).max(10),
  timeout: z.coerce.number().positive().max(600),
  least: z.coerce.number().min(0).max(1),
});
/** A turn has several calls, and each may be tried again. */
const TURN_TIMES_CALL = 4;
const LONGEST_TURN_MS = 300_000;

/** What the command was told of a model; null when the rules are to be played. */
export function readModelOptions(
  values: Record<string, unknown>,
  env: Pick<Env, "OPENAI_BASE_URL" | "OPENAI_API_KEY">,
): Result<ModelOptions | null, string> {
  if (values.model === undefined)
    return values.judge === undefined && values.budget === undefined
      ? accept(null)
      : refuse("--judge and --budget go with --model");
  const parsed = optionsSchema.safeParse(values);
  if (!parsed.success)
    return refuse(
      parsed.error.issues.map(({ path, message }) => `--${path.join(".")} ${message}`).join("\n"),
    );
  const { model, judge, budget, price, concurrency, tries, timeout, least } = parsed.data;
  const [input = 0, output = 0] = price;
  if (budget !== undefined && input + output === 0)
    return refuse("--budget needs --price: without it nothing costs anything");
  const timeoutMs = timeout * 1_000;
  return accept({
    model: { name: model, apiKey: null, timeoutMs: Math.min(LONGEST_TURN_MS, timeoutMs * TURN_TIMES_CALL) },
    judge: judge ?? null,
    terms: {
      baseUrl: env.OPENAI_BASE_URL ?? OPENAI_URL,
      apiKey: env.OPENAI_API_KEY ?? null,
      concurrency,
      tries,
      timeoutMs,
      pricePerMillion: { input, output },
      budget: budget ?? null,
    },
    least,
  });
}
