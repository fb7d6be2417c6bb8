import { Hono } from "hono";
import { except } from "hono/combine";
import { openAPIRouteHandler } from "hono-openapi";
import { apiError, createErrorHandler } from "./api-error.ts";
import { createInFlight } from "./overload.ts";
import { limitBody, limitPicture, METHODS_WITH_BODY, requireJson } from "./request-body.ts";
import { createDifyRetrievalRoutes } from "./routes/dify-retrieval.ts";
import { createDocsRoutes } from "./routes/docs.ts";
import { createFileRoutes } from "./routes/files.ts";
import { createHealthRoutes } from "./routes/health.ts";
import { createMetricsRoutes } from "./routes/metrics.ts";
import { createAskAgent } from "./routes/openai/ask-agent.ts";
import { createAskDify } from "./routes/openai/ask-dify.ts";
import { readServerKeys } from "./routes/openai/keys.ts";
import { createOpenAiRoutes } from "./routes/openai/routes.ts";
import { createOperationRoutes } from "./routes/operations.ts";
import { createTaskRoutes } from "./routes/tasks.ts";
import { createTuhuiRoutes } from "./routes/tuhui.ts";
import { createWecomRoutes } from "./routes/wecom.ts";
import type { Service } from "./wire.ts";

const PICTURES = "/api/operations/pictures";
/** OpenAI clients, also those that put /v1 behind a base that ends in it. */
const GATEWAYS = ["/v1/v1", "/v1"];
/** Pictures come as data: URLs (spec contract). */
const MOST_GATEWAY_BYTES = 32 * 1024 * 1024;

/** A message of 企业微信 has 2 KiB of text at most. */
const MOST_CALLBACK_BYTES = 256 * 1024;

function createGateway({ env, store, files, answerNow, fileUrl, ambient, log }: Service) {
  return createOpenAiRoutes({
    keys: readServerKeys(env.OPENAI_API_SERVER_KEYS),
    difyHosts: env.DIFY_PROXY_HOSTS,
    askAgent: createAskAgent({ answerNow, files, fileUrl, ambient }),
    askDify: createAskDify({ conversations: store.difyConversations, ambient }),
    ambient,
    log,
  });
}

/** The front door: every HTTP route of the service. */
export function createApp(service: Service) {
  const { env, log } = service;
  // A slash at the end of an address is no other address.
  const app = new Hono({ strict: false });
  app.onError(createErrorHandler(log));
  app.notFound((c) => apiError(c, 404, "no such endpoint"));
  const inFlight = createInFlight();
  app.use("/api/task/*", inFlight.guard);
  app.use("/api/operations/*", inFlight.guard);
  app.use("/api/tuhui/*", inFlight.guard);
  app.use("/v1/*", inFlight.guard);
  app.use("/wecom/*", inFlight.guard);
  app.on(METHODS_WITH_BODY, "*", except([PICTURES, "/v1/*"], limitBody()));
  app.on(METHODS_WITH_BODY, "/wecom/*", limitBody(MOST_CALLBACK_BYTES));
  app.on(METHODS_WITH_BODY, "/v1/*", limitBody(MOST_GATEWAY_BYTES));
  app.on(METHODS_WITH_BODY, "/api/*", except(PICTURES, requireJson()));
  app.on(METHODS_WITH_BODY, PICTURES, limitPicture());

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
      jobs: service.jobs,
      say: () => service.config.rules().say,
      ticketCallback: service.ticketCallback,
      door: {
        pictures: service.store.pictures,
        files: service.files,
        inspector: service.inspector,
        ambient: service.ambient,
      },
      ambient: service.ambient,
      log,
      apiKey: env.TIANWANG_API_KEY,
    }),
  );
  const gateway = createGateway(service);
  for (const path of GATEWAYS) app.route(path, gateway);
  app.route(
    "/dify",
    createDifyRetrievalRoutes({
      key: env.DIFY_RETRIEVAL_KEY ?? null,
      knowledge: service.knowledge.embedded,
      log,
    }),
  );
  app.route("/wecom", createWecomRoutes({ callbacks: service.wecom.callbacks, log }));
  app.route("/files", createFileRoutes(service.files));
  app.route("/metrics", createMetricsRoutes({ ...service, inFlight }));
  app.get(
    "/openapi.json",
    openAPIRouteHandler(app, {
      documentation: {
        info: {
          title: "天网客服 tianwang-cs",
          version: service.version,
          description: "天网下达任务、运营查看和处理、健康检查。错误的格式见各接口的 400、404、409。",
        },
        components: {
          securitySchemes: {
            bearer: { type: "http", scheme: "bearer", description: "TIANWANG_API_KEY" },
          },
        },
        // With a key set it is needed; without one anyone on this machine is served.
        security: [{ bearer: [] }, {}],
      },
    }),
  );
  app.route("/docs", createDocsRoutes());
  return app;
}
