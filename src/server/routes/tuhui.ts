import { Hono } from "hono";
import { Webhook } from "standardwebhooks";
import { dispatchEventSchema } from "../../domain/orders/dispatch.ts";
import type { Store } from "../../domain/records.ts";
import { apiError, onInvalid } from "../api-error.ts";

/**
 * 图绘's callbacks. Each is verified, turned into a job and acknowledged; the job settles the order, so a repeated,
 * late or reordered callback changes nothing that is settled.
 */
export function createTuhuiRoutes({ store, secret }: { store: Store; secret: string | null }) {
  const webhook = secret === null ? null : new Webhook(secret);
  return new Hono().post("/callback", async (c) => {
    const body = await c.req.text();
    if (webhook !== null && !isSigned(webhook, body, c.req.header()))
      return apiError(c, 401, "the signature is wrong");
    const event = dispatchEventSchema.safeParse(parseJson(body));
    if (!event.success)
      return onInvalid({ success: false, error: event.error.issues }, c) ?? apiError(c, 400, "invalid");
    const order = await store.orders.findByDispatch(event.data.order_no);
    if (order === null) return apiError(c, 404, "no order with this order_no");
    await store.jobs.enqueue({
      kind: "tuhui-poll",
      // The newest word on an order replaces one that still waits; an ending is not replaced by progress.
      key: isEnding(event.data.event) ? `tuhui-ending:${order.id}` : `tuhui-news:${order.id}`,
      payload: { orderId: order.id, ...(isEnding(event.data.event) ? { event: event.data } : {}) },
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
