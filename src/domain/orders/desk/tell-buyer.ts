import { notifyBuyer } from "../../conversations/notify-buyer.ts";
import type { Records } from "../../records.ts";
import type { ImageOrder } from "../order.ts";
import type { DeskDeps } from "./deps.ts";

/**
 * One sentence about an order.
 *
 * @param about - what this is about; the same of one revision is told once
 */
export async function tellBuyer(
  deps: Pick<DeskDeps, "ambient">,
  tx: Records,
  order: ImageOrder,
  about: string,
  text: string,
): Promise<void> {
  await notifyBuyer(tx, deps.ambient, {
    id: `m_${order.id}_${about}_${order.revision}`,
    conversationId: order.conversation_id,
    parts: [{ type: "text", text }],
  });
}

type OfEveryKind = "delivered" | "order_confirmed" | "awaiting_payment" | "review_passed_quote";

/** Who looked for a picture is told of a picture that was found, not of work that was done. */
export function wordsOf<Key extends OfEveryKind>(order: ImageOrder, key: Key): Key | `${Key}_find` {
  return order.kind === "find" ? `${key}_find` : key;
}
