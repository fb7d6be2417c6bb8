import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { Ambient } from "../domain/clock.ts";
import type { Store } from "../domain/records.ts";
import type { Say } from "../domain/replies.ts";
import { openTicket, type TicketCallback } from "../domain/tickets/move-ticket.ts";
import { TICKET_STATUSES, type Ticket, ticketPrioritySchema } from "../domain/tickets/ticket.ts";
import { readTurnToWrite } from "./turn-context.ts";

export function createCreateTicketTool({
  store,
  ambient,
  callback,
  say,
}: {
  store: Store;
  ambient: Ambient;
  callback: TicketCallback;
  say: () => Say;
}) {
  return createTool({
    id: "create-ticket",
    description:
      "给 IT 服务台提一张工单：需要人上门、开权限、领设备、修东西，或者照着说明做了还不行。先问清楚是什么问题、哪台设备或哪个系统、报什么错。" +
      "只有调用成功后才能说工单已提交。",
    inputSchema: z.object({
      title: z.string().min(1).max(100).describe("一句话，如：三楼东侧打印机卡纸"),
      description: z.string().min(1).max(2_000).describe("员工说的情况，原话为主"),
      priority: ticketPrioritySchema.default("normal").describe("urgent 只用于多人受影响或业务停了"),
    }),
    outputSchema: z.discriminatedUnion("status", [
      z.object({ status: z.literal("refused"), reason: z.literal("with-a-person"), tell: z.string() }),
      z.object({ ticket_id: z.string(), status: z.enum(TICKET_STATUSES), tell: z.string() }),
    ]),
    execute: async ({ title, description, priority }, { requestContext }) => {
      const now = ambient.now();
      const { conversation, turnId } = await readTurnToWrite(requestContext, store, now);
      // Taken over while this turn ran: what comes of it is the person's to say.
      if (conversation.holder === "human")
        return { status: "refused" as const, reason: "with-a-person" as const, tell: "" };
      const draft: Ticket = {
        id: ambient.newId("it"),
        conversation_id: conversation.id,
        turn_id: turnId,
        customer_id: conversation.customer_id,
        customer_name: conversation.customer_name,
        title,
        description,
        priority,
        status: "open",
        note: null,
        changed_by: null,
        created_at: now,
        updated_at: now,
      };
      const ticket = await store.transaction((tx) => openTicket(tx, { ambient, callback }, draft));
      return { ticket_id: ticket.id, status: ticket.status, tell: say()("ticket_opened", { id: ticket.id }) };
    },
  });
}
