import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { errorText } from "../../domain/errors.ts";
import { hasApiKey } from "../auth.ts";
import type { Service } from "../wire.ts";

/** Status for anyone; what is connected and queued only for those with the key. */
export function createHealthRoutes({ env, store, jobs, bridge, version, gallery, rungs }: Service) {
  const startedAt = performance.now();
  return new Hono().get(
    "/",
    describeRoute({
      tags: ["健康"],
      summary: "Status, version, uptime.",
      responses: { 200: { description: "Up" }, 503: { description: "The store does not answer" } },
    }),
    async (c) => {
      const problem = await store.ping().then(
        () => null,
        (error: unknown) => errorText(error),
      );
      const showDetails = env.TIANWANG_API_KEY === undefined || hasApiKey(c, env.TIANWANG_API_KEY);
      return c.json(
        {
          status: problem === null ? "ok" : "down",
          version,
          uptime_seconds: Math.round((performance.now() - startedAt) / 1000),
          ...(showDetails
            ? {
                components: {
                  store: problem === null ? "ok" : "down",
                  bridge: bridge === null ? "off" : bridge.isConnected() ? "connected" : "disconnected",
                  models: rungs,
                  gallery: gallery.size(),
                  jobs: problem === null ? await jobs.depth() : {},
                },
              }
            : {}),
        },
        problem === null ? 200 : 503,
      );
    },
  );
}
