import { createTool } from "@mastra/core/tools";
import { z } from "zod";
import type { DeskDeps } from "../domain/orders/desk/deps.ts";
import { receiveTask, type TaskRules } from "../domain/tasks/receive-task.ts";
import { taskRequestSchema } from "../domain/tasks/task.ts";
import { readTurnToWrite } from "./turn-context.ts";

type ScheduleTaskDeps = Pick<DeskDeps, "store" | "ambient" | "rules"> & { taskRules: TaskRules };

export function createScheduleTaskTool({ store, ambient, rules, taskRules }: ScheduleTaskDeps) {
  return createTool({
    id: "schedule-task",
    description:
      "到点或买家一段时间没回时，自动给这位买家发一条消息。买家要求提醒、约定稍后答复时调用。同一轮重复调用只建一个任务。",
    inputSchema: z.object({
      delay_minutes: z.number().positive().max(43_200).optional().describe("多少分钟后发"),
      at: z.iso.datetime({ offset: true }).optional().describe("具体时间，带时区"),
      no_reply_minutes: z.number().positive().max(43_200).optional().describe("买家多少分钟没回就发"),
      message: z.string().min(1).max(500).describe("到时发给买家的话"),
    }),
    outputSchema: z.object({
      status: z.enum(["scheduled", "refused"]),
      task_id: z.string().optional(),
      reason: z.string().optional(),
      tell: z.string(),
    }),
    execute: async ({ delay_minutes, at, no_reply_minutes, message }, { requestContext }) => {
      const turn = await readTurnToWrite(requestContext, store, ambient.now());
      const { say } = rules();
      const request = taskRequestSchema.safeParse({
        task_id: `agent:${turn.turnId}`,
        type: "reminder",
        customer: {
          id: turn.conversation.customer_id,
          platform: turn.conversation.platform,
          shop_id: turn.conversation.shop_id,
        },
        trigger:
          no_reply_minutes !== undefined
            ? { type: "no_reply", after_seconds: Math.round(no_reply_minutes * 60) }
            : {
                type: "time",
                ...(at === undefined ? {} : { at }),
                ...(delay_minutes === undefined ? {} : { delay_seconds: Math.round(delay_minutes * 60) }),
              },
        action: { type: "send_message", message },
        created_by: "agent",
      });
      if (!request.success) return { status: "refused" as const, reason: "when", tell: say("ask_when") };
      const received = await store.transaction((tx) =>
        receiveTask(tx, request.data, ambient.now(), taskRules),
      );
      return received.ok
        ? { status: "scheduled" as const, task_id: request.data.task_id, tell: say("reminder_set") }
        : { status: "refused" as const, reason: received.refusal, tell: say("ask_when") };
    },
  });
}
