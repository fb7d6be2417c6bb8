import { createDeliverHandler } from "../../src/conversation/deliver.ts";
import { plainText } from "../../src/domain/conversations/message.ts";
import type { MessageSender } from "../../src/domain/conversations/sender.ts";
import { silentLog } from "../../src/domain/log.ts";
import type { Service } from "../../src/server/wire.ts";

const CHANNELS = ["qingjian", "wecom-app"];

/** The customers' side of the channels: shows everything at once, by the very handler that delivers elsewhere. */
export function createPlatform({ store, ambient }: Service) {
  const whileHeld = new Map<string, string[]>();
  const senderOf = (channel: string): MessageSender => ({
    channel,
    dedupes: () => true,
    prepare:
      async ({ conversation: { id }, idempotencyKey, parts }) =>
      async () => {
        const [now, message] = await Promise.all([
          store.conversations.find(id),
          store.messages.find(idempotencyKey),
        ]);
        if (now?.holder === "human" && message?.author !== "person")
          whileHeld.set(id, [...(whileHeld.get(id) ?? []), plainText(parts)]);
        return { status: "acked" };
      },
    transfer: async () => false,
  });
  const senders = new Map(CHANNELS.map((channel) => [channel, senderOf(channel)]));
  const handler = createDeliverHandler({ store, senders, ambient, log: silentLog });
  return {
    async deliver(conversationId: string): Promise<void> {
      const job = {
        id: "0",
        kind: "deliver" as const,
        payload: { conversationId },
        attempt: 1,
        maxAttempts: 1,
      };
      await handler.run(job);
    },
    spokeWhileHeld: (conversationId: string): string[] => whileHeld.get(conversationId) ?? [],
  };
}
