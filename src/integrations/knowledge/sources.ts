import type { KnowledgeBase, KnowledgeChunk, KnowledgeFound } from "../../domain/knowledge/knowledge.ts";
import type { Log } from "../../domain/log.ts";
import { safeReason } from "../json-answer.ts";

export type KnowledgeSourceOfMany = { name: string; base: KnowledgeBase };

/** A source that has failed is not asked again for so long: who asks next does not wait for it. */
const LEFT_ALONE_MS = 30_000;

/**
 * Several sources as one: the first that is up and has an answer is used. When none does, it is a miss only if every
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
      const near: KnowledgeChunk[] = [];
      for (const { name, base } of sources) {
        const found = await ask(name, base, query, topK);
        if (found?.chunks.some(({ answers }) => answers) === true) return found;
        hasFailed ||= found?.status !== "ok";
        near.push(...(found?.chunks ?? []));
      }
      return { status: hasFailed ? "failed" : "ok", chunks: near.slice(0, topK) };
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
