import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { OPEN_STATUSES } from "../domain/orders/order.ts";
import { progressWords } from "./order-words.ts";
import { readTurn } from "./turn-context.ts";

export function createGetCaseTool({ store, ambient, rules }: Pick<DeskDeps, "store" | "ambient" | "rules">) {
  return createTool({
    id: "get-case",
    description: "查这位买家的订单、报价和任务的最新状态。买家问进度、问之前的订单时调用。只查询。",
    inputSchema: z.object({ order_id: z.string().optional() }),
    outputSchema: z.object({
      orders: z.array(
        z.object({
          id: z.string(),
          kind: z.string(),
          status: z.string(),
          revisions: z.array(z.object({ revision: z.int(), text: z.string(), price_delta_fen: z.int() })),
          total_fen: z.int().nullable(),
          candidates: z.int(),
          picked: z.array(z.int()),
          dispatch_no: z.string().nullable(),
          deliveries: z.int(),
          tell: z.string(),
        }),
      ),
      handoffs: z.array(z.object({ reason: z.string(), status: z.string() })),
    }),
    execute: async ({ order_id }, { requestContext }) => {
      const turn = await readTurn(requestContext, store, ambient.now());
      const orders = await store.orders.ofConversation(turn.conversation.id, 10);
      const wanted = orders.filter((order) => order_id === undefined || order.id === order_id);
      const shown = wanted.filter((order) => OPEN_STATUSES.includes(order.status));
      const handoffs = await store.handoffs.openOf(turn.conversation.id);
      return {
        orders: await Promise.all(
          (shown.length > 0 ? shown : wanted.slice(0, 1)).map(async (order) => {
            const quote = order.quote_id === null ? null : await store.certificates.findQuote(order.quote_id);
            return {
              id: order.id,
              kind: order.kind,
              status: order.status,
              revisions: (await store.orders.revisions(order.id)).map(
                ({ revision, text, price_delta_fen }) => ({
                  revision,
                  text,
                  price_delta_fen,
                }),
              ),
              total_fen: quote?.certificate.total_fen ?? null,
              candidates: order.candidates.length,
              picked: order.picked,
              dispatch_no: order.dispatch_no,
              deliveries: order.deliveries.length,
              tell: progressWords(order, rules),
            };
          }),
        ),
        handoffs: handoffs.map(({ reason, status }) => ({ reason, status })),
      };
    },
  });
}
