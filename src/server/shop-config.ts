import { statSync } from "node:fs";
import { join } from "node:path";
import { profileSchema } from "../channels/qingjian/profile.ts";
import type { ConfigText } from "../domain/config-versions.ts";
import type { AgentName } from "../domain/conversations/agent-of.ts";
import { errorText } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import type { ShopRules } from "../domain/orders/desk/deps.ts";
import { createSay } from "../domain/replies.ts";
import type { UnderstandInput } from "../domain/understanding/understanding.ts";
import { type ConfigFile, configFiles as files, readText, readYaml, versionOf } from "./config-files.ts";

const LOOK_AGAIN_MS = 1_000;

/**
 * Reads what a shop changes without code. At start a bad file stops the service and names the place; later a bad
 * change is logged and the old rules stay.
 */
export function openShopConfig({
  dir,
  timezone,
  now,
  log,
  onLoad = () => {},
}: {
  dir: string;
  /** Of opening hours that name none. */
  timezone: string;
  now: () => number;
  log: Log;
  /** Is told what each file holds when it comes to be used: at start and after every good change. */
  onLoad?: (text: ConfigText) => void;
}) {
  function load<Value>({ name, read }: ConfigFile<Value>): { value: Value; version: string } {
    const path = join(dir, name);
    const content = readText(path);
    const loaded = { value: read(content, path), version: versionOf(content) };
    onLoad({ name, version: loaded.version, content });
    return loaded;
  }
  const watched = <Value>(file: ConfigFile<Value>) => watch(join(dir, file.name), () => load(file), now, log);

  const pricing = watched(files.pricing);
  const risk = watched(files.risk);
  const replies = watched(files.replies);
  const prompts = { shop: watched(files.shopPrompt), helpdesk: watched(files.helpdeskPrompt) };
  const synonyms = watched(files.synonyms);
  // Its words are compiled when it is read: the turns between two changes pay nothing for that.
  const playbook = watched(files.playbook);
  const faq = load(files.faq);
  const helpdeskLexicon = load(files.helpdeskLexicon);

  return {
    /** By the playbook as it is now. */
    understand: (input: UnderstandInput) =>
      playbook.get().value(input, pricing.get().value.urgent_within_hours),
    faq: faq.value,
    profile(name: string) {
      const path = join(dir, "bridge", `${name}.yaml`);
      return readYaml(path, readText(path), profileSchema);
    },
    helpdeskLexicon: helpdeskLexicon.value,
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
    /** What an agent's answers stood on: what `turns` of config-files.ts says. */
    versions: (agent: AgentName): Record<string, string> => ({
      prompt: prompts[agent].get().version,
      replies: replies.get().version,
      ...(agent === "shop"
        ? {
            playbook: playbook.get().version,
            pricing: pricing.get().version,
            risk: risk.get().version,
            faq: faq.version,
          }
        : { synonyms: synonyms.get().version, helpdesk: helpdeskLexicon.version }),
    }),
  };
}
export type ShopConfig = ReturnType<typeof openShopConfig>;

/** A file that may change while we run: parsed and checked; a bad change keeps the old value and says why. */
function watch<Loaded extends { version: string }>(
  path: string,
  load: () => Loaded,
  now: () => number,
  log: Log,
): { get(): Loaded } {
  let mtimeMs = mtimeOf(path);
  let lookedAt = 0;
  let current = load();

  return {
    get() {
      const at = now();
      if (at - lookedAt < LOOK_AGAIN_MS) return current;
      lookedAt = at;
      try {
        const changedMs = mtimeOf(path);
        if (changedMs !== mtimeMs) {
          mtimeMs = changedMs;
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
