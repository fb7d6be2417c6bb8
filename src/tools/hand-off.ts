import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import { handoffReasonSchema } from "../domain/handoffs/handoff.ts";
import { requestHandoff } from "../domain/handoffs/request-handoff.ts";
import { acceptDesigner } from "../domain/orders/desk/accept-order.ts";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { decideMove } from "../domain/orders/order-status.ts";
import { clockWords } from "./clock-words.ts";
import { readTurnToWrite } from "./turn-context.ts";

export function createHandOffTool(deps: DeskDeps) {
  const { store, ambient, rules } = deps;
  return createTool({
    id: "hand-off",
    description:
      "转给真人：买家要求人工、投诉、超出业务、听不懂时调用。买家同意由设计师来做时，reason 用 designer_dispatch 并给出 order_id，会派单给设计师。" +
      "同一原因重复调用只排一次队。只有调用成功后才能说已转人工。",
    inputSchema: z.object({
      reason: handoffReasonSchema,
      summary: z.string().min(1).max(500).describe("一句话说明情况，给接手的同事看"),
      order_id: z.string().optional(),
    }),
    outputSchema: z.object({
      status: z.enum(["queued", "requested", "human", "returned"]),
      handoff_id: z.string(),
      tell: z.string(),
    }),
    execute: async ({ reason, summary, order_id }, { requestContext }) => {
      const turn = await readTurnToWrite(requestContext, store, ambient.now());
      const { say, hours } = rules();
      const answer = await store.transaction(async (tx) => {
        const order = order_id === undefined ? null : await tx.orders.find(order_id);
        const isOurs = order !== null && order.conversation_id === turn.conversation.id;
        if (isOurs && reason === "designer_dispatch" && decideMove(order.status, "handed_off").ok)
          await acceptDesigner(deps, tx, order);
        return await requestHandoff(tx, ambient, {
          conversation: turn.conversation,
          reason,
          summary,
          order: isOurs ? { id: order.id, pictures: order.pictures, totalFen: null, risk: null } : null,
          hours,
        });
      });
      const { handoff, isOpen, opensAt } = answer;
      const key = reason === "designer_dispatch" ? "handoff_designer" : "handoff_queued";
      return {
        status: handoff.status,
        handoff_id: handoff.id,
        tell: isOpen
          ? say(key)
          : say("handoff_closed", {
              time:
                opensAt === null ? say("next_workday") : clockWords(opensAt, ambient.now(), hours.timezone),
            }),
      };
    },
  });
}
