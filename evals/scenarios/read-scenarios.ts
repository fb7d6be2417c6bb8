import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { type EvaluatedAgent, type Scenario, scenarioSchema } from "./scenario.ts";

/** Every scenario of an agent, in the order of the files. Throws when one is not valid, or an id is there twice. */
export function readScenarios(agent: EvaluatedAgent): Scenario[] {
  const folder = new URL(`./${agent}/`, import.meta.url);
  const scenarios = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => {
      const parsed = z.array(scenarioSchema).safeParse(parse(readFileSync(new URL(name, folder), "utf8")));
      if (parsed.success) return parsed.data;
      throw new Error(`${agent}/${name} is wrong:\n${z.prettifyError(parsed.error)}`);
    });
  const seen = new Set<string>();
  for (const { id } of scenarios) {
    if (seen.has(id)) throw new Error(`there are two scenarios ${id} for ${agent}`);
    seen.add(id);
  }
  return scenarios;
}
