import { resolve } from "node:path";
import { createOwnership, type Ownership } from "../channels/ownership.ts";
import { type Bridge, type BridgeDeps, createBridge } from "../channels/qingjian/bridge.ts";
import { CHANNEL } from "../channels/qingjian/inbound.ts";
import { createFrameRecorder } from "../channels/qingjian/recorder.ts";
import type { Ambient } from "../domain/clock.ts";
import { queueDelivery } from "../domain/conversations/notify-buyer.ts";
import type { MessageSender } from "../domain/conversations/sender.ts";
import type { JobKind, JobRunner } from "../domain/jobs/jobs.ts";
import type { Log } from "../domain/log.ts";
import type { Store } from "../domain/records.ts";
import type { Env } from "../env.ts";
import { serviceName } from "../store/process-name.ts";
import { atMost } from "./at-most.ts";

/** They write to customers, so they run in the one process that has the channels. */
export const JOBS_OF_THE_CHANNELS: JobKind[] = ["deliver", "transfer"];
/** How long acks are waited for when the channels are given on in order. */
const LAST_ACKS_MS = 5_500;

/** A way to customers that one process at a time has: a connection of its own, or only the right to send. */
export type Channel = {
  sender: MessageSender;
  /** This process has it now. */
  start?(): void;
  /** It has not any more. */
  stop?(): Promise<void>;
};

/** Wakes what waits to go out on a channel that has come back. */
export function createChannelWake({ store, log }: { store: Store; log: Log }) {
  return (channel: string): void => {
    store
      .transaction(async (tx) => {
        for (const id of await tx.messages.conversationsToDeliver(channel)) await queueDelivery(tx, id);
      })
      .catch((error: unknown) => log.error("channel.wake_failed", { channel, error: String(error) }));
  };
}

/** The bridge to 轻简; null when the shop has none. */
export function openBridge(
  env: Env,
  deps: Pick<BridgeDeps, "version" | "files" | "receive" | "profile" | "lease" | "log"> & {
    root: string;
    store: Store;
    ambient: Ambient;
    wake: (channel: string) => void;
  },
): Bridge | null {
  if (env.QINGJIAN_WS_URL === "off") return null;
  const { root, store, wake, log, ...rest } = deps;
  return createBridge({
    ...rest,
    url: env.QINGJIAN_WS_URL,
    recorder: createFrameRecorder({
      file: env.BRIDGE_RECORD_FILE === undefined ? null : resolve(root, env.BRIDGE_RECORD_FILE),
      log,
    }),
    random: Math.random,
    log,
    onRecall: async (recall) => {
      await store.messages.recall(recall);
    },
    onConnected: () => wake(CHANNEL),
  });
}

/**
 * Which of all processes has the channels: it connects them when it gets them, and sends what goes out. Without any
 * channel there is still one that clears away what nobody will fetch.
 */
export function ownChannels({
  channels,
  store,
  jobs,
  log,
}: {
  channels: readonly Channel[];
  store: Store;
  jobs: JobRunner;
  log: Log;
}): Ownership {
  return createOwnership({
    leases: store.leases,
    name: "channels",
    owner: serviceName(),
    log,
    async onGained(former) {
      await jobs.take(JOBS_OF_THE_CHANNELS, former);
      for (const { start } of channels) start?.();
    },
    async onLost({ inOrder }) {
      const leaving = jobs.leave(JOBS_OF_THE_CHANNELS);
      if (inOrder) await atMost(leaving, LAST_ACKS_MS);
      await Promise.all(channels.map(({ stop }) => stop?.()));
      await atMost(leaving, LAST_ACKS_MS);
    },
  });
}
