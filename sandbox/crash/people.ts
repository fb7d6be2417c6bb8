import { pause } from "../random.ts";
import type { History } from "./history.ts";
import type { Platform } from "./platform.ts";
import type { Yard } from "./yard.ts";

const LOOK_EVERY_MS = 150;

type Handoff = { id: string; conversation_id: string };
type Order = { id: string };

/** The shop's people: they take chats over, hold them for a while and give them back, and confirm what waits for them. */
export function openPeople(yard: Yard, platform: Platform) {
  const { random, count } = yard;
  const holds: History["holds"] = [];
  const held = new Set<string>();
  const holding = new Set<Promise<void>>();
  let isTaking = true;
  let isOpen = true;
  const working = work();

  return {
    holds,
    /** No new takeover; resolves when every chat has been given back. Reviews are confirmed until `close`. */
    async giveBackAll(): Promise<void> {
      isTaking = false;
      await Promise.all(holding);
    },
    async close(): Promise<void> {
      isOpen = false;
      await working;
    },
  };

  async function work(): Promise<void> {
    while (isOpen) {
      await pause(LOOK_EVERY_MS);
      await takeOne().catch(() => {});
      await confirmAll().catch(() => {});
    }
  }

  async function takeOne(): Promise<void> {
    const { handoffs } = await yard.get<{ handoffs: Handoff[] }>(
      "/api/operations/handoffs?status=queued&limit=30",
    );
    const handoff = random.pick(handoffs);
    if (!isTaking || handoff === undefined || held.has(handoff.conversation_id)) return;
    held.add(handoff.conversation_id);
    const hold = holdFor(handoff).finally(() => {
      held.delete(handoff.conversation_id);
      holding.delete(hold);
    });
    holding.add(hold);
  }

  async function holdFor({ id, conversation_id }: Handoff): Promise<void> {
    const conversation = conversation_id.split("|").at(-1) ?? "";
    // In the middle of the bot's next answer, where it is hardest.
    platform.say(conversation, "你好 在吗");
    await pause(random.between(0, 150));
    if (!(await yard.insist(`/api/operations/handoffs/${id}/take`, { by: "阿明" }))) return;
    const hold = { conversation, from: performance.now(), until: Number.POSITIVE_INFINITY };
    holds.push(hold);
    count("takeovers");
    platform.say(conversation, "你好 有人吗");
    await pause(random.between(200, 1_500));
    hold.until = performance.now();
    await yard.insist(`/api/operations/handoffs/${id}/release`, {});
  }

  async function confirmAll(): Promise<void> {
    const { orders } = await yard.get<{ orders: Order[] }>("/api/operations/orders?status=review&limit=50");
    for (const { id } of orders) await yard.insist(`/api/operations/orders/${id}/confirm`, { by: "阿明" });
  }
}
