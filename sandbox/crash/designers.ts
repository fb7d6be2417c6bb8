import { aPhoto } from "../pictures.ts";
import { pause } from "../random.ts";
import type { DesignerOrder } from "../tuhui.ts";
import type { Yard } from "./yard.ts";

const LOOK_EVERY_MS = 120;
const WORK_MS = { least: 300, most: 2_500 };
const GIVES_UP = 0.08;
/** So often a callback is sent again that nobody took; then it is for the service to ask. */
const MOST_CALLBACKS = 4;

/** 图绘's designers: they take what comes, and deliver it or give up. */
export function openDesigners({ tuhui, random, count, isTroubled }: Yard) {
  const taken = new Set<string>();
  const at = new Set<Promise<void>>();
  let isOpen = true;
  const working = work();

  return {
    isIdle: () => at.size === 0,
    async close(): Promise<void> {
      isOpen = false;
      await working;
      await Promise.all(at);
    },
  };

  async function work(): Promise<void> {
    while (isOpen) {
      await pause(LOOK_EVERY_MS);
      for (const order of tuhui.orders) {
        if (taken.has(order.order_no)) continue;
        taken.add(order.order_no);
        const job = design(order).finally(() => at.delete(job));
        at.add(job);
      }
    }
  }

  async function design(order: DesignerOrder): Promise<void> {
    const { order_no } = order;
    if (random.chance(0.5)) await called(() => tuhui.assign(order_no, "小周"), 1);
    await pause(random.between(WORK_MS.least, WORK_MS.most));
    if (isCancelled(order)) return;
    if (isTroubled() && random.chance(GIVES_UP)) {
      await called(() => tuhui.fail(order_no, "画不了"), MOST_CALLBACKS);
      count("designers gave up");
      return;
    }
    const picture = await aPhoto(7, { width: 160, height: 120 });
    if (isCancelled(order)) return;
    await called(() => tuhui.deliver(order_no, [picture]), MOST_CALLBACKS);
    count("designers delivered");
  }

  async function called(send: () => Promise<number[]>, most: number): Promise<void> {
    for (let tries = 0; tries < most; tries += 1) {
      const statuses = await send().catch(() => [0]);
      if (statuses.every((status) => status === 200)) return;
      await pause(random.between(100, 400));
    }
  }
}

function isCancelled({ status }: DesignerOrder): boolean {
  return status === "cancelled";
}
