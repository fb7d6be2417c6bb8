import { Hono } from "hono";
import { describeRoute, validator } from "hono-openapi";
import { z } from "zod";
import type { Ambient } from "../../domain/clock.ts";
import type { Delivery, ImageOrder } from "../../domain/orders/order.ts";
import type { OrderDesk } from "../../domain/orders/order-desk.ts";
import { orderStatusSchema } from "../../domain/orders/order-status.ts";
import type { Store } from "../../domain/records.ts";
import type { Result } from "../../domain/result.ts";
import { apiError, onInvalid } from "../api-error.ts";

const orderQuerySchema = z.object({
  status: orderStatusSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const personSchema = z.object({ by: z.string().min(1).max(64).default("operator") });
const refusalSchema = personSchema.extend({ reason: z.string().max(500).default("") });
const priceSchema = personSchema.extend({
  yuan: z.number().min(0).max(100_000).multipleOf(0.01).describe("what the whole order costs"),
});
const deliverySchema = personSchema.extend({
  pictures: z.array(z.string().min(1)).min(1).max(30).describe("ids of pictures that were uploaded"),
});

/** What the desk answers, and how it is told. */
const REFUSALS: Record<string, { status: 404 | 409; text: string }> = {
  "not-found": { status: 404, text: "no order with this id" },
  "not-in-review": { status: 409, text: "the order does not wait for a person (not-in-review)" },
  "not-open": { status: 409, text: "the order's state does not allow this (not-open)" },
  "not-picked": { status: 409, text: "the buyer has not picked a picture yet (not-picked)" },
};

export const operation = (summary: string) =>
  describeRoute({ tags: ["运营"], summary, responses: { 200: { description: "Done" } } });

/** What a person does with orders: look, decide, price, start, deliver, cancel. */
export function createOrderOperations({
  store,
  desk,
  ambient,
}: {
  store: Store;
  desk: OrderDesk;
  ambient: Ambient;
}) {
  const routes = new Hono();

  routes.get(
    "/",
    operation("Orders, newest first."),
    validator("query", orderQuerySchema, onInvalid),
    async (c) => {
      const orders = await store.orders.list(c.req.valid("query"));
      return c.json({ success: true as const, orders: await Promise.all(orders.map(orderView)) });
    },
  );

  routes.get(
    "/:id",
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
    "/:id/confirm",
    operation("Lets an order, or a later demand, that waits for review pass."),
    validator("json", personSchema, onInvalid),
    async (c) => answer(c, await desk.confirm(idOf(c), c.req.valid("json").by)),
  );

  routes.post(
    "/:id/reject",
    operation("Refuses what waits for a person: a later demand alone, or else the order."),
    validator("json", refusalSchema, onInvalid),
    async (c) => {
      const refused = await desk.reject(idOf(c), c.req.valid("json"));
      if (!refused.ok) return answer(c, refused);
      const { order, dropped } = refused.value;
      return c.json({ success: true as const, order: await orderView(order), dropped_revisions: dropped });
    },
  );

  routes.post(
    "/:id/paid",
    operation("The money for an order has come: with require_payment its work starts now."),
    validator("json", personSchema, onInvalid),
    async (c) => answer(c, await desk.paid(idOf(c), c.req.valid("json").by)),
  );

  routes.post(
    "/:id/price",
    operation("A person's price for an order whose work has not begun; the buyer is told and answers."),
    validator("json", priceSchema, onInvalid),
    async (c) => {
      const { by, yuan } = c.req.valid("json");
      return answer(c, await desk.settlePrice(idOf(c), { by, total_fen: Math.round(yuan * 100) }));
    },
  );

  routes.post(
    "/:id/start",
    operation("Lets our own engine work on an agreed order that people have."),
    validator("json", personSchema, onInvalid),
    async (c) => answer(c, await desk.startByHand(idOf(c), c.req.valid("json").by)),
  );

  routes.post(
    "/:id/deliver",
    operation("Delivers uploaded pictures for an order that people or designers have."),
    validator("json", deliverySchema, onInvalid),
    async (c) => {
      const { by, pictures } = c.req.valid("json");
      const deliveries: Delivery[] = [];
      for (const id of pictures) {
        const picture = await store.pictures.find(id);
        if (picture === null) return apiError(c, 400, `no picture with id ${id}: upload it first`);
        const { width, height, format } = picture.facts;
        deliveries.push({ file: id, format, width, height, at: ambient.now(), by: "person" });
      }
      return answer(c, await desk.deliverByHand(idOf(c), { by, deliveries }));
    },
  );

  routes.post(
    "/:id/cancel",
    operation("Cancels an order for the buyer, who is told."),
    validator("json", personSchema, onInvalid),
    async (c) => answer(c, await desk.cancelByHand(idOf(c), c.req.valid("json").by)),
  );
  return routes;

  async function answer(c: Parameters<typeof apiError>[0], done: Result<ImageOrder, string>) {
    if (done.ok) return c.json({ success: true as const, order: await orderView(done.value) });
    const { status, text } = REFUSALS[done.refusal] ?? { status: 409 as const, text: done.refusal };
    return apiError(c, status, text);
  }

  async function orderView(order: ImageOrder) {
    const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
    return { ...order, total_fen: quote?.certificate.total_fen ?? null };
  }
}

function idOf(c: Parameters<typeof apiError>[0]): string {
  return c.req.param("id") ?? "";
}
