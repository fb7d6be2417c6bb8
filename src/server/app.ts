import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { openAPIRouteHandler } from "hono-openapi";
import { apiError, createErrorHandler } from "./api-error.ts";
import { createDocsRoutes } from "./routes/docs.ts";
import { createFileRoutes } from "./routes/files.ts";
import { createHealthRoutes } from "./routes/health.ts";
import { createMetricsRoutes } from "./routes/metrics.ts";
import { createOperationRoutes } from "./routes/operations.ts";
import { createTaskRoutes } from "./routes/tasks.ts";
import { createTuhuiRoutes } from "./routes/tuhui.ts";
import type { Service } from "./wire.ts";

const MOST_BODY_BYTES = 1024 * 1024;
/** A caller who still writes cannot read our answer: so much of a refused body is read away first. */
const MOST_DISCARDED_BYTES = 32 * 1024 * 1024;

/** The front door: every HTTP route of the service. */
export function createApp(service: Service) {
  const { env, log } = service;
  const app = new Hono<{ Variables: { requestId: string } }>();
  app.onError(createErrorHandler(log));
  app.notFound((c) => apiError(c, 404, "no such endpoint"));
  app.use("*", async (c, next) => {
    c.set("requestId", randomUUID());
    await next();
  });
  app.use(
    "*",
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: async (c) => {
        await discard(c.req.raw.body);
        return apiError(c, 413, "the body is larger than 1 MiB");
      },
    }),
  );
  app.use("/api/*", async (c, next) => {
    const hasBody = c.req.method === "POST" && c.req.header("content-length") !== "0";
    const type = c.req.header("content-type");
    if (hasBody && type !== undefined && !/^application\/json\b/iu.test(type))
      return apiError(c, 415, "send application/json");
    if (hasBody && type === undefined && (c.req.header("content-length") ?? "") !== "")
      return apiError(c, 415, "send application/json");
    await next();
  });

  app.route("/api/health", createHealthRoutes(service));
  app.route(
    "/api/task",
    createTaskRoutes({
      store: service.store,
      jobs: service.jobs,
      rules: service.taskRules,
      ambient: service.ambient,
      apiKey: env.TIANWANG_API_KEY,
    }),
  );
  app.route("/api/tuhui", createTuhuiRoutes({ store: service.store, secret: env.TUHUI_SECRET ?? null }));
  app.route(
    "/api/operations",
    createOperationRoutes({
      store: service.store,
      desk: service.desk,
      takeover: service.takeover,
      bridge: service.bridge,
      apiKey: env.TIANWANG_API_KEY,
    }),
  );
  app.route("/files", createFileRoutes(service.files));
  app.route("/metrics", createMetricsRoutes(service));
  app.get(
    "/openapi.json",
    openAPIRouteHandler(app, {
      documentation: { info: { title: "天网客服 tianwang-cs", version: service.version } },
    }),
  );
  app.route("/docs", createDocsRoutes());
  return app;
}

async function discard(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null || body.locked) return;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_DISCARDED_BYTES) return;
  }
}
