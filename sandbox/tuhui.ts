import { Webhook } from "standardwebhooks";
import { type Answer, listen, type Request, type Trouble } from "./http-server.ts";

export type DesignerOrder = {
  order_no: string;
  status: "created" | "assigned" | "in_progress" | "delivered" | "failed" | "cancelled";
  request: Record<string, unknown> & { idempotency_key: string; callback_url: string };
  supplements: Record<string, unknown>[];
  /** How often we were told that it is not wanted any more. */
  cancels: number;
  images: { url: string }[];
  reason: string | null;
};

/** 图绘's stand-in (spec/orders.md §7): orders once per key, signed callbacks, and trouble on demand. */
export async function startTuhui({
  port = 0,
  secret = null,
  now = Date.now,
}: {
  port?: number;
  secret?: string | null;
  /** UTC ms */
  now?: () => number;
} = {}) {
  const orders: DesignerOrder[] = [];
  const files = new Map<string, Uint8Array>();
  const webhook = secret === null ? null : new Webhook(secret);
  const knobs = { isDown: false, loseCallbacks: 0, callbackCopies: 1, trouble: (): Trouble => "none" };
  let count = 0;

  const { url, close } = await listen(port, take, () => knobs.trouble());

  function take({ method, path, body }: Request): Answer {
    const file = files.get(path);
    if (file !== undefined) return { status: 200, bytes: file, type: "image/png" };
    if (knobs.isDown) return { status: 503, body: { error: "down" } };
    if (method === "POST" && path === "/api/orders")
      return open(JSON.parse(body) as DesignerOrder["request"]);
    const [, no, verb] = /^\/api\/orders\/([^/]+)(?:\/(\w+))?$/u.exec(path) ?? [];
    const order = orders.find((it) => it.order_no === no);
    if (order === undefined) return { status: 404, body: { error: "no such order" } };
    if (method === "GET") {
      const { order_no, status, images, reason } = order;
      return { status: 200, body: { order_no, status, images, reason } };
    }
    const given = JSON.parse(body) as Record<string, unknown>;
    if (verb === "cancel") {
      order.status = "cancelled";
      order.cancels += 1;
    } else if (!order.supplements.some((it) => it.idempotency_key === given.idempotency_key))
      order.supplements.push(given);
    return { status: 200, body: { ok: true } };
  }

  function open(request: DesignerOrder["request"]): Answer {
    const known = orders.find((order) => order.request.idempotency_key === request.idempotency_key);
    if (known !== undefined) return { status: 200, body: { order_no: known.order_no, status: known.status } };
    count += 1;
    const order: DesignerOrder = {
      order_no: `TH${String(count).padStart(6, "0")}`,
      status: "created",
      request,
      supplements: [],
      cancels: 0,
      images: [],
      reason: null,
    };
    orders.push(order);
    return { status: 201, body: { order_no: order.order_no, status: order.status } };
  }

  async function report(
    order: DesignerOrder,
    event: string,
    extra: Record<string, unknown> = {},
  ): Promise<number[]> {
    const body = JSON.stringify({
      event,
      order_no: order.order_no,
      occurred_at: new Date(now()).toISOString(),
      ...extra,
    });
    const statuses: number[] = [];
    for (let copy = 0; copy < knobs.callbackCopies; copy += 1) {
      if (knobs.loseCallbacks > 0) {
        knobs.loseCallbacks -= 1;
        continue;
      }
      const at = new Date(now());
      const id = `th_${order.order_no}_${event}`;
      const response = await fetch(order.request.callback_url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
          ...(webhook === null ? {} : { "webhook-signature": webhook.sign(id, at, body) }),
        },
        body,
      });
      await response.body?.cancel();
      statuses.push(response.status);
    }
    return statuses;
  }

  function find(orderNo: string): DesignerOrder {
    const order = orders.find((it) => it.order_no === orderNo);
    if (order === undefined) throw new Error(`图绘 has no order ${orderNo}`);
    return order;
  }

  return {
    url,
    orders,
    knobs,
    assign(orderNo: string, designer: string) {
      const order = find(orderNo);
      order.status = "assigned";
      return report(order, "order.assigned", { designer });
    },
    deliver(orderNo: string, pictures: Uint8Array[]) {
      const order = find(orderNo);
      order.status = "delivered";
      order.images = pictures.map((bytes, index) => {
        const path = `/files/${orderNo}-${index}.png`;
        files.set(path, bytes);
        return { url: `${url}${path}` };
      });
      return report(order, "order.delivered", { images: order.images });
    },
    fail(orderNo: string, reason: string) {
      const order = find(orderNo);
      order.status = "failed";
      order.reason = reason;
      return report(order, "order.failed", { reason });
    },
    close,
  };
}
