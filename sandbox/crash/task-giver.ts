import { pause } from "../random.ts";
import type { History } from "./history.ts";
import type { Platform } from "./platform.ts";
import { Refused, type Yard } from "./yard.ts";

const GIVE_EVERY_MS = { least: 60, most: 400 };
const AGAIN_MS = 100;
/** What buyers say all the time, and what nobody says. */
export const KEYWORD = "你好";
const NEVER_SAID = "芝麻开门";

/** What is known of a task from outside. */
type Given = { id: string; conversation: string; text: string; comes: "by-itself" | "when-said" | "never" };

const OCCASIONS: readonly { comes: Given["comes"]; trigger: Record<string, unknown> }[] = [
  { comes: "when-said", trigger: { type: "customer_reply", keyword: KEYWORD } },
  { comes: "by-itself", trigger: { type: "time", delay_seconds: 0.3 } },
  { comes: "by-itself", trigger: { type: "immediate" } },
  { comes: "never", trigger: { type: "customer_reply", keyword: NEVER_SAID } },
  { comes: "never", trigger: { type: "time", delay_seconds: 300 * 24 * 3600 } },
];

/** 天网: gives tasks for buyers who are there, and gives each again until somebody says that it is stored. */
export function openTaskGiver(yard: Yard, platform: Platform) {
  const { random, count } = yard;
  const given: Given[] = [];
  let isOpen = true;
  const working = work();

  return {
    async close(): Promise<void> {
      isOpen = false;
      await working;
    },
    /** Conversations whose tasks wait for a word of the buyer. */
    async waitingForWords(): Promise<string[]> {
      const waiting = new Set<string>();
      for (const { id, conversation, comes } of given)
        if (comes === "when-said" && (await statusOf(id)).status === "pending") waiting.add(conversation);
      return [...waiting];
    },
    mostThatNeverCome: () => given.filter(({ comes }) => comes === "never").length,
    async read(): Promise<History["tasks"]> {
      const tasks: History["tasks"] = [];
      for (const { id, text, comes } of given) {
        const { status, error_message } = await statusOf(id);
        tasks.push({ id, text, status, error: error_message ?? null, isDue: comes !== "never" });
      }
      return tasks;
    },
  };

  async function work(): Promise<void> {
    for (let n = 1; isOpen; n += 1) {
      await pause(random.between(GIVE_EVERY_MS.least, GIVE_EVERY_MS.most));
      // A customer whom nobody has met yet cannot be spoken to.
      const conversation = random.pick(platform.acked().slice(-40))?.conversation;
      const occasion = random.pick(OCCASIONS);
      if (conversation === undefined || occasion === undefined) continue;
      const task: Given = { id: `t${n}`, conversation, text: `任务${n}`, comes: occasion.comes };
      await give(task, occasion.trigger);
      given.push(task);
      if (random.chance(0.1)) await cancel(task.id);
    }
  }

  async function give({ id, conversation, text }: Given, trigger: Record<string, unknown>): Promise<void> {
    await yard.insist("/api/task/receive", {
      task_id: id,
      type: "crash",
      customer: { id: conversation },
      trigger,
      action: { type: "send_message", message: text },
      created_by: "crash",
    });
    count("tasks");
  }

  async function cancel(id: string): Promise<void> {
    if (await yard.insist("/api/task/cancel", { task_id: id })) count("tasks cancelled");
  }

  async function statusOf(id: string): Promise<{ status: string; error_message?: string | null }> {
    for (;;) {
      try {
        return await yard.get(`/api/task/status/${id}`);
      } catch (error) {
        if (error instanceof Refused && error.status === 404) return { status: "missing" };
        await pause(AGAIN_MS);
      }
    }
  }
}
