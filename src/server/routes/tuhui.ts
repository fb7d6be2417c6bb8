import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { Webhook } from "standardwebhooks";
import { dispatchEventSchema } from "../../domain/orders/dispatch.ts";
import type { Store } from "../../domain/records.ts";
import { apiError, onInvalid } from "../api-error.ts";

/**
 * 图绘's callbacks. Each is verified, turned into a job and acknowledged; the job settles the order, so a repeated,
 * late or reordered callback changes nothing that is settled. Without a secret anybody could have sent it: then it only
 * makes us ask 图绘.
 */
export function createTuhuiRoutes({ store, secret }: { store: Store; secret: string | null }) {
  const webhook = secret === null ? null : new Webhook(secret);
  const operation = describeRoute({
    tags: ["图绘"],
    summary: "What happened to an order at 图绘; signed (Standard Webhooks).",
    responses: { 200: { description: "Noted" }, 401: { description: "The signature is wrong" } },
  });
  return new Hono().post("/callback", operation, async (c) => {
    const body = await c.req.text();
    if (webhook !== null && !isSigned(webhook, body, c.req.header()))
      return apiError(c, 401, "the signature is wrong");
    const event = dispatchEventSchema.safeParse(parseJson(body));
    if (!event.success)
      return onInvalid({ success: false, error: event.error.issues }, c) ?? apiError(c, 400, "invalid");
    const order = await store.orders.findByDispatch(event.data.order_no);
    if (order === null) return apiError(c, 404, "no order with this order_no");
    const isTrusted = webhook !== null && isEnding(event.data.event);
    await store.jobs.enqueue({
      kind: "tuhui-poll",
      // The newest word on an order replaces one that still waits; an ending is not replaced by progress.
      key: isTrusted ? `tuhui-ending:${order.id}` : `tuhui-news:${order.id}`,
      payload: { orderId: order.id, ...(isTrusted ? { event: event.data } : {}) },
      maxAttempts: 50,
    });
    return c.json({ success: true as const });
  });
}

function isEnding(event: string): boolean {
  return event === "order.delivered" || event === "order.failed" || event === "order.cancelled";
}

function isSigned(webhook: Webhook, body: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
