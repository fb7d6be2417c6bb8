import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import type { OrderDesk } from "../domain/orders/order-desk.ts";
import type { DemandReader } from "../domain/orders/read-demand.ts";
import { type Service, serviceSchema } from "../domain/orders/service.ts";
import { modelFlagsSchema } from "./model-flags.ts";
import { missingWords, orderWords, urgencyQuestion } from "./order-words.ts";
import { readTurnToWrite } from "./turn-context.ts";

const BASIC: Service[] = ["basic"];

type ProcessImageDeps = Pick<DeskDeps, "store" | "ambient" | "rules"> & {
  desk: OrderDesk;
  readDemand: DemandReader;
};

export function createProcessImageTool({ store, ambient, rules, desk, readDemand }: ProcessImageDeps) {
  return createTool({
    id: "process-image",
    description:
      "买家要处理图片（放大变清晰、抠图、换底、改尺寸、调色、改字、描图等）时调用：建立处理订单，评估风险并报价。" +
      "买家已发图、要求说清楚后才调用；同一轮重复调用只建一单。返回的 tell 可以直接告诉买家。买家同意前不会开工。",
    inputSchema: z.object({
      picture_ids: z.array(z.string()).min(1).max(30).describe("要处理的图片 id，取自案情 pictures"),
      demand: z.string().min(1).max(2000).describe("买家的要求，用买家的原话"),
      services: z.array(serviceSchema).optional().describe("明确的服务项目；不填则从 demand 判断"),
      urgent: z.boolean().optional().describe("买家要求 2 小时内完成时为 true；只说急、没说时间时不要填"),
      flags: modelFlagsSchema,
    }),
    outputSchema: z.object({
      status: z.enum(["quoted", "review", "rejected", "draft", "needs_input"]),
      order_id: z.string().optional(),
      total_fen: z.int().optional(),
      missing: z.array(z.string()).optional(),
      tell: z.string(),
    }),
    execute: async ({ picture_ids, demand, services, urgent, flags }, { requestContext }) => {
      const turn = await readTurnToWrite(requestContext, store, ambient.now());
      const { say } = rules();
      const read = await readDemand({ words: demand, pictures: picture_ids, services, urgent });
      // A size or a format alone is work too; beside other work it is only how that is delivered.
      const asked = read.services.length === 0 && read.operations.length > 0 ? BASIC : read.services;
      // A forbidden wish is refused before anything is asked about it.
      const isForbidden = await desk.isForbidden(turn.conversation, { words: demand, pictures: picture_ids });
      if (!isForbidden && (read.missing.length > 0 || asked.length === 0))
        return {
          status: "needs_input" as const,
          missing: read.missing,
          tell: asked.length === 0 ? say("ask_what") : missingWords(read.missing, say),
        };
      const opened = await desk.open(turn.conversation, {
        sourceId: turn.turnId,
        kind: "process",
        services: asked,
        operations: read.operations,
        local: read.local,
        ...(read.handmade === undefined ? {} : { handmade: read.handmade }),
        urgent: read.urgent,
        words: demand,
        pictures: picture_ids,
        enlargeFactor: read.enlargeFactor,
        contradictions: read.contradictions,
        deadlineAt: read.deadlineAt,
        modelFlags: flags,
      });
      const asksUrgency = read.mayBeUrgent && opened.order.status === "quoted";
      return {
        status: statusOf(opened.order.status),
        order_id: opened.order.id,
        tell: [orderWords(opened, say), ...(asksUrgency ? [urgencyQuestion(rules())] : [])].join("\n"),
        ...(opened.quote === null ? {} : { total_fen: opened.quote.total_fen }),
      };
    },
  });
}

function statusOf(status: string): "quoted" | "review" | "rejected" | "draft" {
  return status === "review" || status === "rejected" || status === "draft" ? status : "quoted";
}
