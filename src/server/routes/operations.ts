import { Hono } from "hono";
import { describeRoute, validator } from "hono-openapi";
import { z } from "zod";
import type { Bridge } from "../../channels/qingjian/bridge.ts";
import type { Takeover } from "../../conversation/takeover.ts";
import type { Handoff } from "../../domain/handoffs/handoff.ts";
import type { ImageOrder } from "../../domain/orders/order.ts";
import type { OrderDesk } from "../../domain/orders/order-desk.ts";
import { orderStatusSchema } from "../../domain/orders/order-status.ts";
import type { Store } from "../../domain/records.ts";
import { apiError, onInvalid } from "../api-error.ts";
import { requireKeyOrLoopback } from "../auth.ts";

const orderQuerySchema = z.object({
  status: orderStatusSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const handoffQuerySchema = z.object({
  status: z.enum(["requested", "queued", "human", "returned"]).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const personSchema = z.object({
  by: z.string().min(1).max(64).default("operator"),
  reason: z.string().max(500).optional(),
});

const operation = (summary: string) =>
  describeRoute({ tags: ["运营"], summary, responses: { 200: { description: "Done" } } });

export type OperationDeps = {
  store: Store;
  desk: OrderDesk;
  takeover: Takeover;
  bridge: Bridge | null;
  apiKey: string | undefined;
};

/** What a person does: orders, handoffs, the bridge. The operations commands and the console speak to these. */
export function createOperationRoutes({ store, desk, takeover, bridge, apiKey }: OperationDeps) {
  const routes = new Hono();
  routes.use("*", requireKeyOrLoopback(apiKey));

  routes.get(
    "/orders",
    operation("Orders, newest first."),
    validator("query", orderQuerySchema, onInvalid),
    async (c) => {
      const orders = await store.orders.list(c.req.valid("query"));
      return c.json({ success: true as const, orders: await Promise.all(orders.map(orderView)) });
    },
  );

  routes.get(
    "/orders/:id",
    operation("One order with its revisions, history, quote and risk certificates."),
    async (c) => {
      const order = await store.orders.find(c.req.param("id"));
      if (order === null) return apiError(c, 404, "no order with this id");
      return c.json({
        success: true as const,
        order: await orderView(order),
        revisions: await store.orders.revisions(order.id),
        history: await store.orders.history(order.id),
        quote: order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id),
        risk: order.risk_id === null ? null : await store.certificates.findRisk(order.risk_id),
      });
    },
  );

  routes.post(
    "/orders/:id/confirm",
    operation("A person takes an order that waits for review."),
    validator("json", personSchema, onInvalid),
    async (c) => {
      const moved = await desk.confirm(c.req.param("id") ?? "", c.req.valid("json").by);
      return moved.ok
        ? c.json({ success: true as const, order: await orderView(moved.value) })
        : refused(c, moved.refusal);
    },
  );

  routes.post(
    "/orders/:id/paid",
    operation("The money for an order has come: with require_payment its work starts now."),
    validator("json", personSchema, onInvalid),
    async (c) => {
      const paid = await desk.paid(c.req.param("id") ?? "", c.req.valid("json").by);
      if (paid.ok) return c.json({ success: true as const, order: await orderView(paid.value) });
      return paid.refusal === "not-found"
        ? apiError(c, 404, "no order with this id")
        : apiError(c, 409, "the order has ended");
    },
  );

  routes.post(
    "/orders/:id/reject",
    operation("A person refuses an order that waits for review."),
    validator("json", personSchema, onInvalid),
    async (c) => {
      const { by, reason } = c.req.valid("json");
      const moved = await desk.reject(c.req.param("id") ?? "", by, reason ?? "");
      return moved.ok
        ? c.json({ success: true as const, order: await orderView(moved.value) })
        : refused(c, moved.refusal);
    },
  );

  routes.get(
    "/handoffs",
    operation("Handoffs, newest first."),
    validator("query", handoffQuerySchema, onInvalid),
    async (c) =>
      c.json({ success: true as const, handoffs: await store.handoffs.list(c.req.valid("query")) }),
  );

  routes.post(
    "/handoffs/:id/take",
    operation("A person takes the conversation: the bot says nothing more."),
    validator("json", personSchema, onInvalid),
    async (c) =>
      withHandoff(c, async (handoff) => {
        await takeover.takeOver(handoff.conversation_id, c.req.valid("json").by);
      }),
  );
  routes.post("/handoffs/:id/release", operation("Gives the conversation back to the bot."), async (c) =>
    withHandoff(c, async (handoff) => {
      await takeover.release(handoff.conversation_id);
    }),
  );

  routes.get("/bridge/unmatched", operation("Frames that no mapping of the profile understands."), (c) =>
    c.json({
      success: true as const,
      counts: bridge?.recorder.counts() ?? null,
      frames: bridge?.recorder.listUnmatched() ?? [],
    }),
  );
  routes.get("/outbox/uncertain", operation("Messages whose sending is in doubt."), async (c) =>
    c.json({ success: true as const, messages: await store.messages.listOutbound("uncertain", 100) }),
  );
  return routes;

  async function withHandoff(c: Parameters<typeof apiError>[0], work: (handoff: Handoff) => Promise<void>) {
    const id = c.req.param("id") ?? "";
    const handoff = await store.handoffs.find(id);
    if (handoff === null) return apiError(c, 404, "no handoff with this id");
    if (handoff.status === "returned") return apiError(c, 409, "this handoff has ended");
    await work(handoff);
    return c.json({ success: true as const, handoff: await store.handoffs.find(id) });
  }

  function refused(c: Parameters<typeof apiError>[0], refusal: string) {
    return refusal === "not-found"
      ? apiError(c, 404, "no order with this id")
      : apiError(c, 409, `the order does not wait for a person (${refusal})`);
  }

  async function orderView(order: ImageOrder) {
    const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
    return { ...order, total_fen: quote?.certificate.total_fen ?? null };
  }
}
