import type { Store } from "../domain/records.ts";
import type { RepliesConfig } from "../domain/replies.ts";

/**
 * Finds a promise in a model's words that no state backs ("已转人工" with no handoff). Null: every promise stands.
 */
export function createPromiseGuard({
  store,
  promises,
}: {
  store: Store;
  promises: () => RepliesConfig["promises"];
}) {
  return async function findBrokenPromise(text: string, conversationId: string): Promise<string | null> {
    for (const { words, needs } of promises()) {
      const word = words.find((it) => text.includes(it));
      if (word !== undefined && !(await holds(needs, conversationId))) return word;
    }
    return null;
  };

  async function holds(
    needs: RepliesConfig["promises"][number]["needs"],
    conversationId: string,
  ): Promise<boolean> {
    if (needs === "handoff") return (await store.handoffs.openOf(conversationId)).length > 0;
    if (needs === "ticket") return (await store.tickets.ofConversation(conversationId)).length > 0;
    const orders = await store.orders.ofConversation(conversationId, 20);
    switch (needs) {
      case "order":
        return orders.length > 0;
      case "accepted_order":
        return orders.some((order) =>
          ["accepted", "processing", "dispatched", "delivered"].includes(order.status),
        );
      case "dispatched_order":
        return orders.some((order) => ["handed_off", "dispatched"].includes(order.status));
      case "cancelled_order":
        return orders.some((order) => order.status === "cancelled");
      case "delivered_order":
        return orders.some((order) => order.status === "delivered" || order.status === "closed");
    }
  }
}
