import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { z } from "zod";
import type { AgentName } from "../domain/conversations/agent-of.ts";
import { AppError, errorText } from "../domain/errors.ts";
import { pricingRulesSchema } from "../domain/orders/pricing-rules.ts";
import { riskRulesSchema } from "../domain/orders/risk-rules.ts";
import { repliesSchema } from "../domain/replies.ts";
import { helpdeskLexiconSchema } from "../domain/understanding/helpdesk-lexicon.ts";
import { playbookLexiconSchema } from "../domain/understanding/playbook-schema.ts";
import { compileUnderstanding } from "../domain/understanding/understand.ts";
import { faqSchema } from "../integrations/knowledge/faq.ts";
import { createSynonyms, synonymsSchema } from "../integrations/knowledge/synonyms.ts";

const MOST_REMEMBERED = 4;

/** A file of the shop that changes without code; its name is its place below the config folder. */
export type ConfigFile<Value = unknown> = {
  name: string;
  /** Throws AppError("bad-config"), which names the path and what is wrong there. */
  read(text: string, path: string): Value;
  /** Where a turn's record carries its version: under which key, of which agents. */
  turns: { key: string; agents: AgentName[] };
  /** Read again when it changes; any other needs a new start. */
  isWatched: boolean;
};

const prompt = (agent: AgentName): ConfigFile<string> => ({
  name: `prompts/${agent}.md`,
  read: (text) => text,
  turns: { key: "prompt", agents: [agent] },
  isWatched: true,
});

const yaml = <Schema extends z.ZodType>(
  key: string,
  schema: Schema,
  agents: AgentName[],
  isWatched = true,
): ConfigFile<z.infer<Schema>> => ({
  name: `${key}.yaml`,
  read: remembered((text: string, path: string) => readYaml(path, text, schema)),
  turns: { key, agents },
  isWatched,
});

const synonyms = yaml("synonyms", synonymsSchema, ["helpdesk"]);
const playbook = yaml("playbook", playbookLexiconSchema, ["shop"]);

export const configFiles = {
  shopPrompt: prompt("shop"),
  helpdeskPrompt: prompt("helpdesk"),
  playbook: {
    ...playbook,
    read: remembered((text: string, path: string) => compileUnderstanding(playbook.read(text, path))),
  },
  pricing: yaml("pricing", pricingRulesSchema, ["shop"]),
  risk: yaml("risk", riskRulesSchema, ["shop"]),
  replies: yaml("replies", repliesSchema, ["shop", "helpdesk"]),
  synonyms: {
    ...synonyms,
    read: (text: string, path: string) => createSynonyms(synonyms.read(text, path)),
  },
  faq: yaml("faq", faqSchema, ["shop"], false),
  helpdeskLexicon: yaml("helpdesk", helpdeskLexiconSchema, ["helpdesk"], false),
};

/** The same text is read once: evals and replays open many services in one process, and a playbook takes half a second. */
function remembered<Value>(
  read: (text: string, path: string) => Value,
): (text: string, path: string) => Value {
  const known = new Map<string, Value>();
  return (text, path) => {
    const version = versionOf(text);
    const value = known.get(version) ?? read(text, path);
    known.delete(version);
    known.set(version, value);
    for (const oldest of known.keys()) {
      if (known.size <= MOST_REMEMBERED) break;
      known.delete(oldest);
    }
    return value;
  };
}

/** What a turn says that it stood on, of a file that held this. */
export function versionOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new AppError("bad-config", `cannot read ${path}: ${errorText(error)}`);
  }
}

/** Parses and checks one file; the error names file, place and what is wrong, in words an operator can use. */
export function readYaml<Schema extends z.ZodType>(
  path: string,
  text: string,
  schema: Schema,
): z.infer<Schema> {
  let raw: unknown;
  try {
    raw = parse(text) as unknown;
  } catch (error) {
    throw new AppError("bad-config", `${path} is not YAML: ${errorText(error)}`);
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues
    .slice(0, 10)
    .map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new AppError("bad-config", `${path} is wrong:\n${lines.join("\n")}`);
}
