import type { ServerResponse } from "node:http";
import { parametersOf } from "./dify-app/about.ts";
import { modeName } from "./dify-app/events.ts";
import { createFiles, UPLOAD_LIMITS, type UploadKind } from "./dify-app/files.ts";
import { createGeneration, type GenerationRoute } from "./dify-app/generation.ts";
import { refused } from "./dify-app/refused.ts";
import type { DifyAppMode, DifyRequest, DifyScript } from "./dify-app/script.ts";
import { type Answer, listen, type Request } from "./http-server.ts";

export type DifyAppSettings = {
  mode: DifyAppMode;
  name?: string;
  /** Laid over what GET /parameters says. */
  parameters?: Record<string, unknown>;
};

/** One of each mode, when no others are given. */
const APPS: Record<string, DifyAppSettings> = {
  "app-chat": { mode: "chat" },
  "app-agent": { mode: "agent" },
  "app-chatflow": { mode: "chatflow" },
  "app-workflow": { mode: "workflow" },
  "app-completion": { mode: "completion" },
  "app-new-agent": { mode: "new-agent" },
};

/**
 * Dify's stand-in for its apps: answers by script over the API that its keys open, streamed or whole, and what
 * real ones do to a stream. `sandbox/dify.ts` is its knowledge.
 */
export async function startDifyApp({
  port = 0,
  apps = APPS,
  uploadLimits = {},
  unsupportedExtensions = [],
  now = Date.now,
}: {
  port?: number;
  /** By key. */
  apps?: Record<string, DifyAppSettings>;
  /** Bytes */
  uploadLimits?: Partial<Record<UploadKind, number>>;
  unsupportedExtensions?: string[];
  /** UTC ms */
  now?: () => number;
} = {}) {
  const limits = { ...UPLOAD_LIMITS, ...uploadLimits };
  const files = createFiles(limits, unsupportedExtensions);
  const generation = createGeneration(files, now);
  const scripts = new Map<string, (request: DifyRequest) => DifyScript>();

  const { url, close } = await listen(port, async (asked, response): Promise<Answer | null> => {
    const key = /^Bearer (.+)$/u.exec(asked.headers.authorization ?? "")?.[1];
    if (key === undefined) {
      const message = "Authorization header must be provided and start with 'Bearer'";
      return refused(401, "unauthorized", message);
    }
    const app = apps[key];
    if (app === undefined) return refused(401, "unauthorized", "Access token is invalid");
    return await route(key, app, asked, response);
  });

  async function route(
    key: string,
    { mode, name = mode, parameters = {} }: DifyAppSettings,
    asked: Request,
    response: ServerResponse,
  ): Promise<Answer | null> {
    const { method } = asked;
    const path = asked.path.replace(/\?.*$/u, "");
    if (method === "GET" && path === "/v1/parameters")
      return { status: 200, body: parametersOf(limits, parameters) };
    if (method === "GET" && path === "/v1/info") {
      const body = { name, description: "", tags: [], mode: modeName(mode), author_name: "sandbox" };
      return { status: 200, body };
    }
    if (method !== "POST") return refused(404, "not_found", "Not found");
    if (path === "/v1/files/upload") return await files.upload(key, asked, Math.floor(now() / 1000));
    const stopped = STOP.exec(path)?.groups;
    if (stopped !== undefined) {
      const { route = "", taskId = "" } = stopped;
      return generation.stop(
        { key, mode, route: route.replace("/tasks", "") as GenerationRoute, taskId },
        asked,
      );
    }
    const generated = routeOf(path);
    if (generated === null) return refused(404, "not_found", "Not found");
    const script = scripts.get(key) ?? (() => ({}));
    return await generation.generate({ key, mode, route: generated, script }, asked, response);
  }

  const { requests, runs, stops, conversations } = generation;
  return {
    url: `${url}/v1`,
    /** All that asked for an answer, refused or not. */
    requests,
    runs,
    stops,
    /** By id; clear() or delete() makes the ids that a client remembers stale. */
    conversations,
    files: files.files,
    /** What the app answers from now on; {} is the echo again. */
    script(key: string, next: DifyScript | ((request: DifyRequest) => DifyScript)): void {
      scripts.set(key, typeof next === "function" ? next : () => next);
    },
    async close(): Promise<void> {
      generation.stopAll();
      await close();
    },
  };
}

const STOP = /^\/v1\/(?<route>chat-messages|completion-messages|workflows\/tasks)\/(?<taskId>[^/]+)\/stop$/u;

function routeOf(path: string): GenerationRoute | null {
  if (path === "/v1/chat-messages") return "chat-messages";
  if (path === "/v1/completion-messages") return "completion-messages";
  return /^\/v1\/workflows\/(?:[^/]+\/)?run$/u.test(path) ? "workflows" : null;
}
