import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import { profileSchema } from "../channels/qingjian/profile.ts";
import type { AgentName } from "../domain/conversations/agent-of.ts";
import { AppError, errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { ShopRules } from "../domain/orders/desk/deps.ts";
import { pricingRulesSchema } from "../domain/orders/pricing-rules.ts";
import { riskRulesSchema } from "../domain/orders/risk-rules.ts";
import { createSay, repliesSchema } from "../domain/replies.ts";
import { helpdeskLexiconSchema } from "../domain/understanding/helpdesk-lexicon.ts";
import { playbookLexiconSchema } from "../domain/understanding/playbook-schema.ts";
import { faqSchema } from "../integrations/knowledge/faq.ts";
import { createSynonyms, synonymsSchema } from "../integrations/knowledge/synonyms.ts";

const LOOK_AGAIN_MS = 1_000;

/** A file that may change while we run: parsed and checked; a bad change keeps the old value and says why. */
type Watched<Value> = { get(): { value: Value; version: string } };

/**
 * Reads what a shop changes without code. At start a bad file stops the service and names the place; later a bad
 * change is logged and the old rules stay.
 */
export function openShopConfig({
  dir,
  timezone,
  now,
  log,
}: {
  dir: string;
  /** Of opening hours that name none. */
  timezone: string;
  now: () => number;
  log: Log;
}) {
  const watchYaml = <Schema extends z.ZodType>(file: string, schema: Schema) =>
    watch<z.infer<Schema>>(join(dir, file), (text) => readYaml(join(dir, file), text, schema), now, log);

  const pricing = watchYaml("pricing.yaml", pricingRulesSchema);
  const risk = watchYaml("risk.yaml", riskRulesSchema);
  const replies = watchYaml("replies.yaml", repliesSchema);
  const prompts = {
    shop: watch(join(dir, "prompts", "shop.md"), (text) => text, now, log),
    helpdesk: watch(join(dir, "prompts", "helpdesk.md"), (text) => text, now, log),
  };
  const synonyms = watch(
    join(dir, "synonyms.yaml"),
    (text) => createSynonyms(readYaml(join(dir, "synonyms.yaml"), text, synonymsSchema)),
    now,
    log,
  );
  const playbook = watchYaml("playbook.yaml", playbookLexiconSchema).get();

  return {
    playbook: playbook.value,
    faq: readYaml(join(dir, "faq.yaml"), readText(join(dir, "faq.yaml")), faqSchema),
    profile(name: string) {
      const path = join(dir, "bridge", `${name}.yaml`);
      return readYaml(path, readText(path), profileSchema);
    },
    helpdeskLexicon: readYaml(
      join(dir, "helpdesk.yaml"),
      readText(join(dir, "helpdesk.yaml")),
      helpdeskLexiconSchema,
    ),
    synonyms: () => synonyms.get().value,
    instructions: {
      shop: () => prompts.shop.get().value,
      helpdesk: () => prompts.helpdesk.get().value,
    },
    promises: () => replies.get().value.promises,
    rules(): ShopRules {
      const texts = replies.get().value;
      return {
        pricing: pricing.get().value,
        pricingVersion: pricing.get().version,
        risk: risk.get().value,
        riskVersion: risk.get().version,
        say: createSay(texts.texts),
        hours: { ...texts.hours, timezone: texts.hours.timezone ?? timezone },
      };
    },
    /** What an agent's answers stood on. */
    versions: (agent: AgentName): Record<string, string> => ({
      prompt: prompts[agent].get().version,
      replies: replies.get().version,
      ...(agent === "shop"
        ? { playbook: playbook.version, pricing: pricing.get().version, risk: risk.get().version }
        : { synonyms: synonyms.get().version }),
    }),
  };
}
export type ShopConfig = ReturnType<typeof openShopConfig>;

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

function watch<Value>(
  path: string,
  read: (text: string) => Value,
  now: () => number,
  log: Log,
): Watched<Value> {
  let mtimeMs = 0;
  let lookedAt = 0;
  let current = load();

  function load(): { value: Value; version: string } {
    mtimeMs = mtimeOf(path);
    const text = readText(path);
    return { value: read(text), version: createHash("sha256").update(text).digest("hex").slice(0, 12) };
  }

  return {
    get() {
      const at = now();
      if (at - lookedAt < LOOK_AGAIN_MS) return current;
      lookedAt = at;
      try {
        if (mtimeOf(path) !== mtimeMs) {
          current = load();
          log.info("config.reloaded", { path, version: current.version });
        }
      } catch (error) {
        log.error("config.kept_old", { path, why: errorText(error) });
      }
      return current;
    },
  };
}

function mtimeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new AppError("bad-config", `cannot read ${path}: ${errorText(error)}`);
  }
}
