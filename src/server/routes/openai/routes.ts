import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { Ambient } from "../../../domain/clock.ts";
import { AGENT_NAMES, type AgentName } from "../../../domain/conversations/agent-of.ts";
import { AppError, errorText } from "../../../domain/errors.ts";
import type { Log } from "../../../domain/log.ts";
import {
  type DifyTarget,
  isAllowed,
  readDifyTarget,
  withoutKeys,
} from "../../../integrations/dify/dify-key.ts";
import type { createAskAgent } from "./ask-agent.ts";
import type { createAskDify } from "./ask-dify.ts";
import { createCompletion } from "./completion.ts";
import { failureOf, refuse, requestIdOf } from "./errors.ts";
import { answerHousekeeping } from "./housekeeping.ts";
import { createKeyLimits, findServerKey, type ServerKey } from "./keys.ts";
import { type CompletionRequest, completionRequestSchema } from "./request.ts";
import { type Answering, streamAnswer, wholeAnswer } from "./stream-answer.ts";

/** When these agents came to be, in seconds: the same in every answer. */
const MODELS_SINCE = Math.floor(Date.UTC(2026, 0, 1) / 1_000);

/** The service as a model: OpenAI's chat completions for both agents and for allowed Dify apps (spec helpdesk §3). */
export function createOpenAiRoutes({
  keys,
  difyHosts,
  askAgent,
  askDify,
  ambient,
  log,
}: {
  keys: readonly ServerKey[];
  /** host or host:port of the Dify servers that may be asked. */
  difyHosts: readonly string[];
  askAgent: ReturnType<typeof createAskAgent>;
  askDify: ReturnType<typeof createAskDify>;
  ambient: Ambient;
  log: Log;
}) {
  const takeOne = createKeyLimits(ambient.now);
  const models = AGENT_NAMES.map((id) => ({
    id,
    object: "model" as const,
    created: MODELS_SINCE,
    owned_by: "tianwang-cs",
  }));
  const tags = ["OpenAI"];

  const routes = new Hono();
  routes.use("*", async (c, next) => {
    requestIdOf(c);
    await next();
  });

  routes.get("/models", describeRoute({ tags, summary: "Both agents, as models." }), (c) =>
    withKey(c, () => c.json({ object: "list", data: models })),
  );
  routes.get("/models/:id{.+}", describeRoute({ tags, summary: "One of them." }), (c) =>
    withKey(c, () => {
      const model = models.find(({ id }) => id === c.req.param("id"));
      return model === undefined ? unknownModel(c, c.req.param("id")) : c.json(model);
    }),
  );

  routes.post(
    "/chat/completions",
    describeRoute({
      tags,
      summary: "An agent's answer, whole or streamed; or that of a Dify app that the key names.",
    }),
    async (c) => {
      const request = completionRequestSchema.safeParse(await bodyOf(c));
      const target = readDifyTarget(bearerOf(c), request.success ? request.data.model : "");
      if (target === null) {
        const key = findServerKey(keys, bearerOf(c));
        if (key === null) return noSuchKey(c);
        const waitSeconds = takeOne(key);
        if (waitSeconds !== null) {
          c.header("retry-after", String(waitSeconds));
          return refuse(c, 429, "too many requests with this key", { code: "rate_limit_exceeded" });
        }
        if (!request.success) return invalid(c, request.error.issues);
        return await askOurs(c, key, request.data);
      }
      if (!isAllowed(target, difyHosts))
        return refuse(c, 403, "this Dify host is not among DIFY_PROXY_HOSTS", { code: "host_not_allowed" });
      if (!request.success) return invalid(c, request.error.issues);
      return await askTheirs(c, target, request.data);
    },
  );
  routes.onError((error, c) => {
    log.error("openai.failed", { path: c.req.path, requestId: requestIdOf(c), error: errorText(error) });
    const failure = failureOf(error);
    return c.json({ error: failure.error }, failure.status);
  });
  routes.all("*", (c) => refuse(c, 404, "no such endpoint", { code: "not_found" }));
  return routes;

  async function askOurs(c: Context, key: ServerKey, request: CompletionRequest): Promise<Response> {
    const agent = AGENT_NAMES.find((name) => name === request.model);
    if (agent === undefined) return unknownModel(c, request.model);
    const housekeeping = answerHousekeeping(request);
    if (housekeeping !== null)
      return await give(c, request, async ({ onText }) => {
        await onText?.(housekeeping);
        return { text: housekeeping, usage: { input: 0, output: 0 } };
      });
    return await asking(c, request, () => askAgent(agent as AgentName, request, callerOf(c, key)));
  }

  async function askTheirs(c: Context, target: DifyTarget, request: CompletionRequest): Promise<Response> {
    return await asking(c, request, () => askDify(target, request, c.req.header("x-conversation-id")));
  }

  async function asking(c: Context, request: CompletionRequest, begin: () => Answering): Promise<Response> {
    try {
      return await give(c, request, begin());
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "nothing-asked") throw error;
      return refuse(c, 400, error.message, { param: "messages" });
    }
  }

  async function give(c: Context, request: CompletionRequest, answering: Answering): Promise<Response> {
    const model = withoutKeys(request.model);
    const wanted = {
      completion: createCompletion({
        model,
        includeUsage: request.stream_options?.include_usage === true,
        now: ambient.now,
      }),
      mostTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
      answering,
      onFailure: (error: unknown) =>
        log.warn("openai.failed", {
          model,
          requestId: requestIdOf(c),
          error: withoutKeys(errorText(error)).slice(0, 300),
        }),
    };
    return request.stream === true ? streamAnswer(c, wanted) : await wholeAnswer(c, wanted);
  }

  function withKey(c: Context, answer: () => Response): Response {
    return findServerKey(keys, bearerOf(c)) === null && readDifyTarget(bearerOf(c), "") === null
      ? noSuchKey(c)
      : answer();
  }

  function noSuchKey(c: Context): Response {
    const message =
      keys.length === 0
        ? "this gateway is off: set OPENAI_API_SERVER_KEYS"
        : "give a key of this server as Authorization: Bearer";
    return refuse(c, 401, message, { code: "invalid_api_key" });
  }
}

function bearerOf(c: Context): string {
  return /^Bearer\s+(.+)$/iu.exec(c.req.header("authorization") ?? "")?.[1]?.trim() ?? "";
}

function callerOf(c: Context, key: ServerKey) {
  const userName = c.req.header("x-openwebui-user-name");
  return {
    key: key.name,
    conversationId: c.req.header("x-conversation-id") ?? c.req.header("x-openwebui-chat-id"),
    idempotencyKey: c.req.header("idempotency-key"),
    userName: userName === undefined ? undefined : decoded(userName).slice(0, 100),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function bodyOf(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return null;
  }
}

function unknownModel(c: Context, model: string): Response {
  const named = withoutKeys([...model].slice(0, 100).join(""));
  return refuse(c, 404, `the model ${JSON.stringify(named)} does not exist: ${AGENT_NAMES.join(", ")}`, {
    param: "model",
    code: "model_not_found",
  });
}

function invalid(c: Context, issues: readonly { path: readonly PropertyKey[]; message: string }[]): Response {
  const [first] = issues;
  const param = first === undefined || first.path.length === 0 ? "body" : first.path.map(String).join(".");
  return refuse(c, 400, `${param}: ${first?.message ?? "must be JSON"}`, { param });
}
