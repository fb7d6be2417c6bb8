import { z } from "zod";
import type { Ambient } from "../domain/clock.ts";
import { API_CHANNEL } from "../domain/conversations/agent-of.ts";
import type { Conversation } from "../domain/conversations/conversation.ts";
import type { Message } from "../domain/conversations/message.ts";
import type {
  MessageSender,
  OutgoingMessage,
  PreparedSend,
  SendOutcome,
} from "../domain/conversations/sender.ts";
import { errorText } from "../domain/errors.ts";
import { againAt, DONE, type JobHandler, type JobOutcome } from "../domain/jobs/jobs.ts";
import type { Lease } from "../domain/leases.ts";
import type { Log } from "../domain/log.ts";
import { areFilesAway, FILES_RETRY_MS } from "../domain/pictures/files-away.ts";
import type { Store } from "../domain/records.ts";
import { SEND_CLAIM_MS, speakAgain } from "./takeover.ts";
import { settleFiringOfMessage } from "./tasks/fire-task.ts";
import { planNoReply } from "./tasks/no-reply.ts";

const MOST_TRIES = 5;
const FIRST_RETRY_MS = 500;
/** A channel that comes back wakes its deliveries itself; this is for the case that it did not. */
const OFFLINE_RETRY_MS = 30_000;

type DeliverDeps = { store: Store; senders: ReadonlyMap<string, MessageSender>; ambient: Ambient; log: Log };

const payloadSchema = z.object({ conversationId: z.string() });

/** Sends a conversation's unsent messages in order; a message that must wait makes those behind it wait. */
export function createDeliverHandler({ store, senders, ambient, log }: DeliverDeps): JobHandler {
  return {
    async run(job) {
      const { conversationId } = payloadSchema.parse(job.payload);
      // Asked together, they share one commit of the store.
      const [conversation, unsent] = await Promise.all([
        store.conversations.find(conversationId),
        store.messages.unsent(conversationId),
      ]);
      if (conversation === null) return DONE;
      // Its caller takes what waits with the next question.
      if (conversation.channel === API_CHANNEL) return DONE;
      const sender = senders.get(conversation.channel);
      const lease = sender?.lease?.();
      // No channel of that name is running here (yet), or another process has it: the messages stay.
      if (sender === undefined || lease === null) return againAt(ambient.now() + OFFLINE_RETRY_MS);

      for (const message of unsent) {
        const wasWritten = message.status === "sending";
        if (wasWritten && !sender.dedupes(message)) {
          // A crash between write and ack: sending again could show it twice.
          await settle(conversation, message, { status: "uncertain", error: "outcome-unknown" });
          continue;
        }
        const send = await prepared(sender, {
          conversation,
          idempotencyKey: message.id,
          parts: message.parts,
          inReplyTo: message.in_reply_to,
        });
        if (send === null) return againAt(ambient.now() + FILES_RETRY_MS);
        const writeBefore = ambient.now() + SEND_CLAIM_MS;
        if (!(await store.messages.claimSend(message, writeBefore, lease))) {
          // Another process works on this conversation: we stood still, and our job is theirs.
          if (await isElsewhere(message, lease)) return againAt(ambient.now() + FIRST_RETRY_MS);
          await settle(
            conversation,
            message,
            wasWritten || message.attempts > 0
              ? { status: "uncertain", error: "taken-over-before-ack" }
              : { status: message.author === "system" ? "deferred" : "cancelled", error: "taken-over" },
          );
          // It may have been queued again, before those behind it.
          return againAt(ambient.now());
        }
        const outcome = await send(writeBefore);
        const next = await settleOutcome(conversation, message, outcome, sender);
        if (next !== null) return next;
      }
      return DONE;
    },
  };

  /** Null while its pictures cannot be read: nothing was claimed, so it stays as it is. */
  async function prepared(sender: MessageSender, message: OutgoingMessage): Promise<PreparedSend | null> {
    try {
      return await sender.prepare(message);
    } catch (error) {
      if (!areFilesAway(error)) throw error;
      log.warn("deliver.files_unavailable", { messageId: message.idempotencyKey, error: errorText(error) });
      return null;
    }
  }

  async function isElsewhere({ id, status, attempts }: Message, lease: Lease | undefined): Promise<boolean> {
    if (lease !== undefined && !(await store.leases.isCurrent(lease))) return true;
    const current = await store.messages.find(id);
    return current?.status !== status || current.attempts !== attempts;
  }

  async function settleOutcome(
    conversation: Conversation,
    message: Message,
    outcome: SendOutcome,
    sender: MessageSender,
  ): Promise<JobOutcome | null> {
    const tries = message.attempts + 1;
    const backoff = () => againAt(ambient.now() + FIRST_RETRY_MS * 2 ** (tries - 1));
    switch (outcome.status) {
      case "acked":
        await settle(conversation, message, {
          status: "sent",
          ...(outcome.platformMessageId === undefined
            ? {}
            : { platformMessageId: outcome.platformMessageId }),
        });
        return null;
      case "refused":
        if (outcome.retry && tries < MOST_TRIES) {
          await store.messages.settleOutbound(message.id, {
            status: "queued",
            at: ambient.now(),
            error: outcome.code,
          });
          return backoff();
        }
        await settle(conversation, message, { status: "failed", error: outcome.code });
        return null;
      case "unanswered":
      case "dropped":
        if (sender.dedupes(message) && tries < MOST_TRIES) {
          log.warn("deliver.unconfirmed", { messageId: message.id, tries, why: outcome.status });
          return outcome.status === "dropped" ? againAt(ambient.now() + FIRST_RETRY_MS) : backoff();
        }
        log.warn("deliver.uncertain", { messageId: message.id, tries });
        await settle(conversation, message, { status: "uncertain", error: outcome.status });
        return null;
      case "more":
        await store.messages.settleOutbound(message.id, {
          status: "sending",
          at: ambient.now(),
          tries: message.attempts,
        });
        return againAt(outcome.retryAt);
      case "not-connected":
        await unwritten(message);
        return againAt(ambient.now() + OFFLINE_RETRY_MS);
      case "busy":
        await unwritten(message);
        return againAt(outcome.retryAt);
      case "too-late":
        await unwritten(message);
        return againAt(ambient.now());
    }
  }

  async function unwritten(message: Message): Promise<void> {
    await store.messages.settleOutbound(message.id, {
      // A try before this one may have been written: then it stays in that doubt.
      status: message.status === "sending" ? "sending" : "queued",
      at: ambient.now(),
      tries: message.attempts,
    });
  }

  async function settle(
    conversation: Conversation,
    message: Message,
    outcome: {
      status: "sent" | "uncertain" | "failed" | "cancelled" | "deferred";
      error?: string;
      platformMessageId?: string;
    },
  ): Promise<void> {
    const at = ambient.now();
    const isRefused = outcome.status === "deferred" || outcome.status === "cancelled";
    if (message.firing_id === null && outcome.status !== "sent" && outcome.status !== "deferred") {
      await store.messages.settleOutbound(message.id, { ...outcome, at });
      return;
    }
    await store.transaction(async (tx) => {
      // Held before its messages, as whoever gives a chat back does it.
      if (isRefused) await tx.conversations.find(conversation.id);
      if (!(await tx.messages.settleOutbound(message.id, { ...outcome, at }))) return;
      if (outcome.status === "sent") await planNoReply(tx, conversation, at);
      if (message.firing_id !== null) await settleFiringOfMessage(tx, message, outcome, ambient);
      // The person may have given the chat back since they made the claim fail.
      if (isRefused) await speakAgain(tx, conversation.id, ambient);
    });
  }
}
