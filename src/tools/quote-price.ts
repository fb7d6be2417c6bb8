import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { needsText, priceOrder } from "../domain/orders/desk/price-order.ts";
import { serviceSchema } from "../domain/orders/service.ts";
import { quoteValues } from "./order-words.ts";
import { readTurn } from "./turn-context.ts";

export function createQuotePriceTool(deps: DeskDeps) {
  const { store, ambient, rules } = deps;
  return createTool({
    id: "quote-price",
    description:
      "买家只是问价（还没让做）时调用：按价目表算出准确价格并留下报价凭证。价格只能来自这个工具，不能自己估。" +
      "买家已经发图让做时，请改用 process-image（会一并报价）。",
    inputSchema: z.object({
      services: z.array(serviceSchema).min(1).describe("要报价的服务项目"),
      pictures: z.int().min(1).max(100).default(1).describe("图片张数"),
      urgent: z.boolean().default(false).describe("2 小时内完成"),
      picture_ids: z
        .array(z.string())
        .max(30)
        .default([])
        .describe("已发来的图片 id，有文字的图会按字数计价"),
    }),
    outputSchema: z.object({
      quote_id: z.string(),
      total_fen: z.int(),
      status: z.enum(["firm", "needs_review"]),
      tell: z.string(),
    }),
    execute: async ({ services, pictures, urgent, picture_ids }, { requestContext }) => {
      const turn = await readTurn(requestContext, store, ambient.now());
      const evidence = needsText(deps, services) ? await Promise.all(picture_ids.map(deps.readText)) : [];
      const { say } = rules();
      const quote = priceOrder(deps, { services, pictures, urgent, evidence });
      await store.certificates.addQuote({
        id: quote.id,
        image_task_id: null,
        conversation_id: turn.conversation.id,
        certificate: quote,
        created_at: ambient.now(),
      });
      return {
        quote_id: quote.id,
        total_fen: quote.total_fen,
        status: quote.status,
        tell:
          quote.status === "needs_review"
            ? say("quote_needs_review", quoteValues(quote, say))
            : say("quote_only", quoteValues(quote, say)),
      };
    },
  });
}
