import type { Records } from "../../records.ts";

/** Tells the designer who works on an order what the buyer has added; whatever they know already is not told again. */
export async function queueSupplement(tx: Records, orderId: string): Promise<void> {
  await tx.jobs.enqueue({
    kind: "tuhui-requirement",
    key: `tuhui-requirement:${orderId}`,
    payload: { orderId },
    maxAttempts: 500,
  });
}

/** Tells the designers that an order of theirs is no longer wanted; telling it twice is one cancel. */
export async function queueCancel(tx: Records, orderId: string, reason: string): Promise<void> {
  await tx.jobs.enqueue({
    kind: "tuhui-cancel",
    key: `tuhui-cancel:${orderId}`,
    payload: { orderId, reason },
    maxAttempts: 50,
  });
}
