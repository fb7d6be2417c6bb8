import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

/**
 * A seeded fault: a passage of a file, in code or in config/, that stands there exactly once, and what a mistake would
 * have made of it. It is put in while the file is loaded; the file itself is never touched.
 */
const mutantSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/u),
  area: z.enum(["pricing", "risk", "transitions", "fences", "playbook", "helpdesk"]),
  agent: z.enum(["shop", "helpdesk"]).default("shop"),
  file: z.string(),
  find: z.string().min(1),
  replace: z.string(),
  means: z.string().describe("what goes wrong, in words"),
  first: z.array(z.string()).default([]).describe("scenarios to try first, only to be quick"),
});
export type Mutant = z.infer<typeof mutantSchema>;

/** The environment's variable that names the mutant a process runs with. */
export const MUTANT_VARIABLE = "EVAL_MUTANT";

export function readMutants(): Mutant[] {
  const text = readFileSync(new URL("./mutants.yaml", import.meta.url), "utf8");
  const parsed = z.array(mutantSchema).safeParse(parse(text));
  if (!parsed.success) throw new Error(`mutants.yaml is wrong:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** @throws when the passage is not there, or more than once: a fault that is not put in would look like a survivor */
export function mutate(text: string, { id, file, find, replace }: Mutant): string {
  const pieces = text.split(find);
  if (pieces.length !== 2)
    throw new Error(`mutant ${id}: ${file} has its passage ${pieces.length - 1} times, not once`);
  return pieces.join(replace);
}
