import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { errorText } from "../../domain/errors.ts";
import { hasApiKey } from "../auth.ts";
import type { Service } from "../wire.ts";

/** Anyone may ask for health; so often at most does that write a file. */
const FILES_CHECK_MS = 10_000;

/**
 * Status for anyone; what is connected and queued only for those with the key. Without its files the service is
 * degraded, not down: it talks and takes tasks, and pictures wait with those who send them.
 */
export function createHealthRoutes(service: Service) {
  const { env, store, files, jobs, version, gallery, rungs } = service;
  const startedAt = performance.now();
  const checkFiles = createRecentCheck(files.check);
  return new Hono().get(
    "/",
    describeRoute({
      tags: ["健康"],
      summary: "Status, version, uptime.",
      responses: { 200: { description: "Up" }, 503: { description: "The store does not answer" } },
    }),
    async (c) => {
      const [problem, filesProblem] = await Promise.all([problemOf(store.ping()), problemOf(checkFiles())]);
      const showDetails = env.TIANWANG_API_KEY === undefined || hasApiKey(c, env.TIANWANG_API_KEY);
      return c.json(
        {
          status: problem !== null ? "down" : filesProblem !== null ? "degraded" : "ok",
          version,
          uptime_seconds: Math.round((performance.now() - startedAt) / 1000),
          ...(showDetails
            ? {
                components: {
                  store: problem === null ? "ok" : "down",
                  files: filesProblem ?? "ok",
                  bridge: stateOf(service, service.bridge?.isConnected ?? null),
                  wecom_bot: stateOf(service, service.wecom.isBotReady),
                  models: rungs,
                  gallery: gallery.size(),
                  jobs: problem === null ? await jobs.depth().catch(() => ({})) : {},
                },
              }
            : {}),
        },
        problem === null ? 200 : 503,
      );
    },
  );
}

/** standby: another process has the channels, or will in a moment. */
function stateOf(
  { ownership }: Service,
  isConnected: (() => boolean) | null,
): "off" | "connected" | "disconnected" | "standby" {
  if (isConnected === null) return "off";
  if (ownership.lease() === null) return "standby";
  return isConnected() ? "connected" : "disconnected";
}

async function problemOf(check: Promise<void>): Promise<string | null> {
  return await check.then(
    () => null,
    (error: unknown) => errorText(error),
  );
}

/** The same check for all who ask within a while. */
function createRecentCheck(check: () => Promise<void>): () => Promise<void> {
  let last: { at: number; outcome: Promise<void> } | null = null;
  return async () => {
    const now = performance.now();
    if (last === null || now - last.at >= FILES_CHECK_MS) last = { at: now, outcome: check() };
    await last.outcome;
  };
}
