import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { Callbacks } from "../../channels/wecom/callbacks.ts";
import { AppError } from "../../domain/errors.ts";
import type { Log } from "../../domain/log.ts";
import { apiError } from "../api-error.ts";

/**
 * Where 企业微信 calls us: `/app` for a self-built app, `/kf` for 微信客服. An empty 200 says that it is kept; anything else,
 * or nothing within 5 s, and it comes again, three times in all.
 */
export function createWecomRoutes({
  callbacks,
  log,
}: {
  callbacks: { app: Callbacks | null; kf: Callbacks | null };
  log: Log;
}) {
  const routes = new Hono();
  for (const [path, of] of Object.entries(callbacks)) {
    if (of === null) continue;
    const summary = path === "app" ? "企业微信自建应用的回调" : "微信客服的回调";
    routes.get(
      `/${path}`,
      describeRoute({
        tags: ["企业微信"],
        summary: `${summary}：验证地址`,
        responses: { 200: { description: "echostr" } },
      }),
      (c) => refusing(c, () => c.text(of.verify(c.req.query()))),
    );
    routes.post(
      `/${path}`,
      describeRoute({ tags: ["企业微信"], summary, responses: { 200: { description: "Kept" } } }),
      (c) =>
        refusing(c, async () => {
          await of.take(c.req.query(), await c.req.text());
          return c.body("", 200);
        }),
    );
  }
  return routes;

  async function refusing(c: Context, work: () => Response | Promise<Response>): Promise<Response> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code !== "bad-signature" && error.code !== "bad-callback") throw error;
      log.warn("wecom.callback_refused", { path: c.req.path, why: error.message });
      return apiError(c, error.code === "bad-signature" ? 403 : 400, error.message);
    }
  }
}
