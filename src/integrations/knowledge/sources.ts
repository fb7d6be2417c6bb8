import type { KnowledgeBase, KnowledgeFound } from "../../domain/knowledge/knowledge.ts";
import type { Log } from "../../domain/log.ts";
import { safeReason } from "../json-answer.ts";

export type KnowledgeSourceOfMany = { name: string; base: KnowledgeBase };

/** A source that has failed is not asked again for so long: who asks next does not wait for it. */
const LEFT_ALONE_MS = 30_000;

/**
 * Several sources as one: the first that is up and knows something answers. When none does, it is a miss only if every
 * source was up: knowing nothing and not being able to look are two things.
 */
export function createKnowledgeSources({
  sources,
  now,
  log,
}: {
  sources: readonly KnowledgeSourceOfMany[];
  now: () => number;
  log: Log;
}): KnowledgeBase {
  const failedAt = new Map<string, number>();
  return {
    async search(query, topK): Promise<KnowledgeFound> {
      let hasFailed = false;
      for (const { name, base } of sources) {
        const found = await ask(name, base, query, topK);
        if (found?.status === "ok" && found.chunks.length > 0) return found;
        hasFailed ||= found?.status !== "ok";
      }
      return { status: hasFailed ? "failed" : "ok", chunks: [] };
    },
  };

  async function ask(
    name: string,
    base: KnowledgeBase,
    query: string,
    topK: number,
  ): Promise<KnowledgeFound | null> {
    const failed = failedAt.get(name);
    if (failed !== undefined && now() - failed < LEFT_ALONE_MS) return null;
    try {
      const found = await base.search(query, topK);
      failedAt.delete(name);
      return found;
    } catch (error) {
      failedAt.set(name, now());
      log.warn("knowledge.source_failed", { source: name, reason: safeReason(error) });
      return null;
    }
  }
}
