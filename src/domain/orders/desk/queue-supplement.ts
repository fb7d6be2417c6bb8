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
