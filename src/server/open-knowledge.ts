import type { KnowledgeBase } from "../domain/knowledge/knowledge.ts";
import type { Embedder, KnowledgeStore, VectorStore } from "../domain/knowledge/ports.ts";
import type { Log } from "../domain/log.ts";
import { type Env, OPENAI_URL } from "../env.ts";
import {
  createWordCutter,
  createWordTagger,
  loadDictionary,
  withCharacters,
} from "../integrations/chinese-words.ts";
import { createDifyKnowledge } from "../integrations/knowledge/dify-dataset.ts";
import { createEmbeddedKnowledge } from "../integrations/knowledge/embedded.ts";
import { createEmbedder } from "../integrations/knowledge/embedding.ts";
import { createNearestChunks } from "../integrations/knowledge/nearest-chunks.ts";
import { createRagflowKnowledge } from "../integrations/knowledge/ragflow.ts";
import { createKnowledgeSources, type KnowledgeSourceOfMany } from "../integrations/knowledge/sources.ts";
import type { Synonyms } from "../integrations/knowledge/synonyms.ts";

/**
 * Both may be slow before our own is asked, and the answer still comes within 3 s; 3.5 s when the endpoint of EMBEDDING_MODEL
 * is slow too, once in 30 s.
 */
const RAGFLOW_WITHIN_MS = 1_500;
const DIFY_WITHIN_MS = 1_000;

type EmbeddedDeps = {
  store: { knowledge: KnowledgeStore; vectors: VectorStore };
  synonyms: () => Synonyms;
  now: () => number;
  log: Log;
};

/** Null: chunks get no vectors, and are found by their words. */
export function openEmbedder(env: Env): Embedder | null {
  if (env.EMBEDDING_MODEL === undefined) return null;
  return createEmbedder({
    baseUrl: env.OPENAI_BASE_URL ?? OPENAI_URL,
    apiKey: env.OPENAI_API_KEY ?? null,
    model: env.EMBEDDING_MODEL,
  });
}

/** Our own knowledge, by words and, with EMBEDDING_MODEL, by vectors. */
export function openEmbeddedKnowledge(env: Env, { store, synonyms, now, log }: EmbeddedDeps): KnowledgeBase {
  const embedder = openEmbedder(env);
  return createEmbeddedKnowledge({
    store: store.knowledge,
    cut: withCharacters(createWordCutter()),
    tag: createWordTagger(),
    synonyms,
    nearest: embedder === null ? null : createNearestChunks({ embedder, vectors: store.vectors, now, log }),
  });
}

/** Where the IT desk looks things up: RAGFlow, then Dify's datasets, as far as they are configured, then our own. */
export function openKnowledge(
  env: Env,
  deps: EmbeddedDeps,
): { sources: KnowledgeBase; embedded: KnowledgeBase; names: string[] } {
  const embedded = openEmbeddedKnowledge(env, deps);
  // An IT desk is asked by callers who count milliseconds.
  const isAsked = [env.OPENAI_API_SERVER_KEYS, env.WECOM_AGENT_ID, env.WECOM_KF_SECRET, env.WECOM_BOT_ID];
  if (isAsked.some((it) => it !== undefined)) loadDictionary();
  const sources: KnowledgeSourceOfMany[] = [];
  if (env.RAGFLOW_URL !== undefined && env.RAGFLOW_API_KEY !== undefined)
    sources.push({
      name: "ragflow",
      base: createRagflowKnowledge({
        url: env.RAGFLOW_URL,
        key: env.RAGFLOW_API_KEY,
        datasetIds: env.RAGFLOW_DATASET_IDS,
        timeoutMs: RAGFLOW_WITHIN_MS,
      }),
    });
  if (env.DIFY_URL !== undefined && env.DIFY_DATASET_KEY !== undefined)
    sources.push({
      name: "dify",
      base: createDifyKnowledge({
        url: env.DIFY_URL,
        key: env.DIFY_DATASET_KEY,
        datasetIds: env.DIFY_DATASET_IDS,
        timeoutMs: DIFY_WITHIN_MS,
      }),
    });
  sources.push({ name: "embedded", base: embedded });
  return {
    sources: createKnowledgeSources({ sources, now: deps.now, log: deps.log }),
    embedded,
    names: sources.map(({ name }) => name),
  };
}
